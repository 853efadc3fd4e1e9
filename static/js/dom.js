// Small names used by all modules.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const on = (type, selector, act, options) =>
  document.addEventListener(
    type,
    (event) => {
      const target = event.target.closest?.(selector);
      if (target) act(event, target);
    },
    options,
  );

/** Is the person writing? Then letters are text, not shortcuts. */
export const typing = (event) =>
  event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

/** An icon of the sprite, found through one that is on the page (its address carries a fingerprint). */
export function icon(name) {
  const sprite = $("svg.i use")?.getAttribute("href")?.split("#")[0] ?? "/static/icons.svg";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A message that leaves by itself; `act` = { label, run } stays ten seconds (undo). */
export function toast(words, { kind = "ok", act = null } = {}) {
  const stack = $(".toasts") ?? document.body.appendChild(Object.assign(document.createElement("div"), { className: "toasts" }));
  stack.setAttribute("role", "status");
  const box = Object.assign(document.createElement("div"), { className: `toast ${kind}` });
  box.append(icon(kind === "bad" ? "alert-circle" : "check"), Object.assign(document.createElement("span"), { textContent: words }));
  if (act) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: act.label });
    button.addEventListener("click", () => {
      box.remove();
      act.run();
    });
    box.append(button);
  }
  stack.append(box);
  setTimeout(() => box.remove(), act ? 10_000 : 5_000);
}
