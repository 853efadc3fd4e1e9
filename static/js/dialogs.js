// Native dialogs: data-open="id" opens, data-close or a click beside it closes, Escape is the browser's own.
import { $, on } from "./dom.js";

on("click", "[data-open]", (event, button) => {
  event.preventDefault();
  document.getElementById(button.dataset.open)?.showModal();
});

on("click", "dialog [data-close]", (_event, button) => button.closest("dialog").close());

document.addEventListener("click", (event) => {
  if (event.target.matches?.("dialog[open]")) event.target.close();
});

// A typed confirmation: the button says it is off until the word is there.
on("input", "[data-typed]", (_event, input) => {
  const button = $("footer button:not([type=button])", input.form);
  if (input.value.trim() === input.dataset.typed) button.removeAttribute("aria-disabled");
  else button.setAttribute("aria-disabled", "true");
});
