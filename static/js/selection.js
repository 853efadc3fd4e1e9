// Bulk selection: the bar shows by itself (CSS :has), here it counts, adds up and offers all that match.
import { $, $$, on } from "./dom.js";
import { money } from "./numbers.js";

const picks = () => $$("tbody [data-pick]");

function sums(chosen) {
  const totals = new Map();
  for (const box of chosen) {
    const { currency, minor, exponent } = box.dataset;
    if (!currency || !minor) continue;
    const sum = totals.get(currency) ?? { minor: 0n, exponent: Number(exponent ?? 2) };
    sum.minor += BigInt(minor);
    totals.set(currency, sum);
  }
  return [...totals].map(([currency, sum]) => money(sum.minor, currency, sum.exponent)).join(" · ");
}

function show() {
  const boxes = picks();
  const bar = $(".bulk");
  if (!boxes.length || !bar) return;
  const chosen = boxes.filter((box) => box.checked);
  for (const box of boxes) box.closest("tr, li").setAttribute("aria-selected", String(box.checked));
  const head = $("[data-all]");
  if (head) {
    head.checked = chosen.length === boxes.length;
    head.indeterminate = chosen.length > 0 && !head.checked;
  }
  $("[data-n]", bar).textContent = String(chosen.length);
  $("[data-sum]", bar).textContent = sums(chosen);
  const offer = $("[data-all-matching]", bar);
  if (offer) offer.hidden = chosen.length < boxes.length || all(bar);
}

const all = (bar) => $("input[name=all]", bar)?.value === "1";

function allMatching(bar, yes) {
  const field = $("input[name=all]", bar);
  if (field) field.value = yes ? "1" : "";
  $("[data-some]", bar)?.toggleAttribute("hidden", yes);
  $("[data-everything]", bar)?.toggleAttribute("hidden", !yes);
}

on("change", "[data-all]", (_event, head) => {
  for (const box of picks()) box.checked = head.checked;
});
on("change", "[data-pick], [data-all]", (event) => {
  allMatching($(".bulk"), false);
  show(event);
});
on("click", "[data-all-matching]", (_event, button) => {
  allMatching(button.closest(".bulk"), true);
  button.hidden = true;
});
on("click", "[data-clear]", () => {
  for (const box of picks()) box.checked = false;
  allMatching($(".bulk"), false);
  show();
});
document.addEventListener("htmx:afterSwap", show);
show();
