// data-copy="text" copies it and says so.
import { on, toast } from "./dom.js";

on("click", "[data-copy]", async (event, button) => {
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast(button.dataset.copied ?? "Copied");
  } catch {
    toast("The browser did not allow copying.", { kind: "bad" });
  }
});

on("click", "[data-print]", () => print());

// Demo sign-in: one press fills the form.
on("click", "[data-login]", (_event, button) => {
  const form = document.querySelector("form[data-sign-in]");
  form.elements.login.value = button.dataset.login;
  form.elements.password.value = button.dataset.password;
  form.requestSubmit();
});
