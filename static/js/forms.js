// Forms: a button is busy once, faults show when a field is left, the first fault gets the focus.
import { $, $$, on } from "./dom.js";
import { post, token } from "./requests.js";

// A disabled act keeps its place in the Tab order so that its reason can be read; it does nothing.
on("click", "[aria-disabled=true]", (event) => event.preventDefault(), true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.sent === "yes") {
    event.preventDefault();
    return;
  }
  if (form.hasAttribute("data-download") || form.target === "_blank") return;
  if (!form.hasAttribute("hx-post") && !form.hasAttribute("hx-get")) form.dataset.sent = "yes";
  (event.submitter ?? $("button:not([type=button])", form))?.setAttribute("aria-busy", "true");
});

/** Make the page usable again: after an htmx answer, or when the browser shows it from its cache. */
function rested(root = document) {
  for (const button of $$("[aria-busy=true]", root)) button.removeAttribute("aria-busy");
  for (const form of $$("form[data-sent]", root)) delete form.dataset.sent;
}
addEventListener("pageshow", () => rested());
document.addEventListener("htmx:afterRequest", () => rested());

/** Put fragments of an answer where elements of the same id are; the rest of the page stays as it is. */
export function place(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const fresh of [...parsed.body.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    // A part that asks for words keeps what is being typed there.
    if (!old || (old.hasAttribute("data-keep-focus") && old.contains(document.activeElement))) continue;
    old.replaceWith(document.adoptNode(fresh));
    window.htmx?.process(fresh);
    if (fresh.id.endsWith("_error")) marked(fresh);
  }
}

/** Tell the control of an error element whether it is at fault. */
function marked(error) {
  const control = document.getElementById(error.id.replace(/_error$/, ""));
  if (!control) return;
  const wrong = !error.hidden;
  control.setAttribute("aria-invalid", String(wrong));
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error.id);
  control.setAttribute("aria-describedby", (wrong ? [error.id, ...others] : others).join(" "));
}

function say(control, words) {
  const error = document.getElementById(`${control.id}_error`);
  if (!error) return;
  $("[data-words]", error).textContent = words;
  error.hidden = !words;
  marked(error);
}

// When a field is left: first what the browser knows, then (data-check="/address") what the server knows.
document.addEventListener("focusout", async (event) => {
  const control = event.target;
  if (!control.matches?.(".field .in") || !control.form || control.form.hasAttribute("data-no-check")) return;
  if (!control.value && !control.dataset.touched) return; // walking past an empty field is no fault
  if (!control.checkValidity()) {
    say(control, control.validationMessage);
    return;
  }
  if (control.getAttribute("aria-invalid") === "true") say(control, "");
  if (!control.dataset.check || !control.value) return;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", token());
  body.set("name", control.name);
  body.set("value", control.value);
  const answer = await post(control.dataset.check, body).catch(() => null);
  if (answer && (answer.ok || answer.status === 422)) place(await answer.text());
});
document.addEventListener("input", (event) => {
  if (event.target.matches?.(".in")) event.target.dataset.touched = "yes";
});

// After a page of faults: the list of faults, or the first faulty field.
($("[data-focus]") ?? $("[aria-invalid=true]"))?.focus();
