// Filter of a timeline. The link works without this; here it saves the round trip and keeps the address.
import { $$, on } from "./dom.js";

on("click", "[data-show]", (event, link) => {
  if (event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const kind = link.dataset.show;
  for (const other of $$("[data-show]")) {
    if (other === link) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  }
  for (const item of $$("[data-timeline] li")) item.hidden = kind !== "all" && item.dataset.kind !== kind;
  for (const head of $$("[data-timeline] .tl-day")) head.hidden = !$$("li:not([hidden])", head.nextElementSibling).length;
  history.replaceState(null, "", link.href);
});
