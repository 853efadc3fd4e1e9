// The worklist by keyboard: the row whose card is shown is marked, and an act that opens gets the focus.
import { $, $$ } from "./dom.js";

document.addEventListener("htmx:afterSwap", () => {
  const shown = $("#peek")?.dataset.case;
  for (const link of $$(".wl a[data-case]")) {
    if (link.dataset.case === shown) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
});

document.addEventListener(
  "toggle",
  (event) => {
    if (!event.target.matches?.("details[data-act][open]")) return;
    $("select, input:not([type=hidden]), textarea", event.target)?.focus();
  },
  true,
);

// Moving by keyboard shows the card beside the list; a click follows the link, as without scripts.
document.addEventListener("focusin", (event) => {
  const link = event.target.closest?.(".wl a[data-case]");
  if (link?.matches(":focus-visible:not([aria-current])") && getComputedStyle($("#peek")).display !== "none")
    link.dispatchEvent(new CustomEvent("look"));
});
