// Light or dark: the server keeps the choice in a cookie; here the page follows at once.
import { $, on } from "./dom.js";
import { post } from "./requests.js";

const sheet = $("link[data-dark]");
const isDark = () => matchMedia(sheet.media || "all").matches;

on("submit", "[data-theme-form]", (event, form) => {
  event.preventDefault();
  const theme = isDark() ? "light" : "dark";
  sheet.media = theme === "dark" ? "all" : "not all";
  document.documentElement.dataset.theme = theme;
  $("button[name=theme]", form).value = theme === "dark" ? "light" : "dark";
  const body = new FormData(form);
  body.set("theme", theme);
  post(form.action, body);
});
