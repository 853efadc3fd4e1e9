// Command palette: an ARIA combobox in a dialog; the server finds and renders, here only the keyboard.
import { $, $$, on } from "./dom.js";

const WAIT = 150;
const dialog = $("#palette");
const input = dialog && $("input", dialog);
const list = dialog && $("[role=listbox]", dialog);
let timer;
let asked = 0;

export function open() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  input.select();
  find();
}

const options = () => $$("[role=option]", list);
const chosen = () => $("[aria-selected=true]", list);

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

async function find() {
  list.setAttribute("aria-busy", "true");
  const mine = ++asked;
  const url = `${dialog.dataset.search}?q=${encodeURIComponent(input.value.trim())}`;
  const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).catch(() => null);
  if (mine !== asked) return; // a later letter was faster
  list.innerHTML = answer?.ok ? await answer.text() : "";
  if (mine !== asked) return;
  const found = options();
  found.forEach((option, at) => (option.id ||= `palette-${at}`));
  input.setAttribute("aria-expanded", String(found.length > 0));
  $("[data-status]", dialog).textContent = `${found.length}`;
  choose(found[0]);
  list.removeAttribute("aria-busy");
}

function go(option, newTab) {
  const href = option?.dataset.href ?? $("a", option)?.href;
  if (!href) return;
  if (newTab) window.open(href, "_blank", "noopener");
  else location.assign(href);
}

on("click", "[data-palette]", (event) => {
  event.preventDefault();
  open();
});

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
  }
});

input?.addEventListener("input", () => {
  clearTimeout(timer);
  list.setAttribute("aria-busy", "true"); // what is listed is not what was typed
  timer = setTimeout(find, WAIT);
});

input?.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.indexOf(chosen());
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (all.length) choose(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    go(chosen(), event.metaKey || event.ctrlKey);
  }
});

list?.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && !event.target.closest("a")) go(option, event.metaKey || event.ctrlKey);
});
