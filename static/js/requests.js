// Every request of ours carries the CSRF token; every failed one says so.
import { $, toast } from "./dom.js";

/** The token of this page; any form of the page has it, so no cookie has to be readable. */
export const token = () => $("input[name=csrfmiddlewaretoken]")?.value ?? "";

/** POST a form's data. The header X-Requested-With lets the server answer without a redirect. */
export const post = (url, body, headers = {}) =>
  fetch(url, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: { "X-CSRFToken": token(), "X-Requested-With": "fetch", ...headers },
  });

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = token();
});

const WORDS = {
  0: "No connection. What you typed is still here; try again.",
  403: "Your role does not cover this. Nothing was changed.",
  404: "This is not here any more. Load the page again.",
  429: "That was too often. Wait a few minutes, then try again.",
};
const failed = (status) => toast(WORDS[status] ?? "Something broke on our side. Nothing half done is kept.", { kind: "bad" });
document.addEventListener("htmx:responseError", (event) => failed(event.detail.xhr.status));
document.addEventListener("htmx:sendError", () => failed(0));

// The server says something in passing (HX-Trigger: {"toast": {"words": …, "undo": "/address"}}).
document.addEventListener("toast", (event) => {
  const { words, undo, label = "Undo" } = event.detail;
  const run = () => post(undo, new FormData()).then(() => location.reload());
  toast(words, undo ? { act: { label, run } } : {});
});

// What was swapped in may ask for the focus: the first faulty field, a refusal.
document.addEventListener("htmx:afterSwap", (event) => {
  const root = event.detail.target;
  const wanted = root.querySelector?.("[data-focus]") ?? root.querySelector?.("[aria-invalid=true]");
  wanted?.focus();
});
