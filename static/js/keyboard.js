// Single-key shortcuts of lists and pages. Off while typing, in dialogs, and when the reader switched them off.
import { $, $$, typing } from "./dom.js";

const GO_WITHIN = 1000;
let goAt = 0;

const rows = () => $$("table[data-list] > tbody > tr, ol[data-list] > li, ul[data-list] > li");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("cur"));
  const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
  all[at]?.classList.remove("cur");
  next.classList.add("cur");
  next.scrollIntoView({ block: "nearest" });
  $("a", next)?.focus({ preventScroll: true });
}

function select() {
  const pick = $(".cur [data-pick]");
  pick?.click();
}

const ACTS = {
  "/": () => $("[data-find]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: select,
  "?": () => $("#keyboard")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  const off = document.documentElement.dataset.keys === "off";
  if (off || typing(event) || event.metaKey || event.ctrlKey || event.altKey || $("dialog[open]")) return;
  if (event.key === "Enter" && event.target === document.body) {
    $(".cur a")?.click();
    return;
  }
  if (Date.now() - goAt < GO_WITHIN) {
    goAt = 0;
    const link = $(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  if (event.key === "g") goAt = Date.now();
  else if (Object.hasOwn(ACTS, event.key)) {
    event.preventDefault();
    ACTS[event.key]();
  } else if (event.key.length === 1) {
    // What a page offers by a letter: c creates, e edits, further acts name theirs beside them.
    const act = $(`[data-key="${CSS.escape(event.key)}"]`);
    if (!act) return;
    event.preventDefault();
    act.click();
  }
});

// The key beside the letter is called Ctrl on most keyboards.
if (!/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of $$("kbd")) key.textContent = key.textContent.replace("⌘", key.textContent === "⌘" ? "Ctrl" : "Ctrl ");
}
