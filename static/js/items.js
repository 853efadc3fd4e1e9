// Item search in the line grid: choosing a code from the price list fills name, price, unit and tax of the line.
// Without scripts the server does the same for a line that holds nothing but a code.
import { on } from "./dom.js";

const part = (row, name) => row.querySelector(`[name$="-${name}"]`);

function fill(field) {
  const list = document.getElementById("catalogue");
  const wanted = field.value.trim().toUpperCase();
  const option = wanted && [...(list?.options ?? [])].find((one) => one.value.toUpperCase() === wanted);
  if (!option) return;
  const row = field.closest("tr");
  const set = (name, value) => {
    const control = part(row, name);
    if (control && value) control.value = value;
  };
  set("item", option.dataset.item);
  set("unit", option.dataset.unit);
  set("unit_price", option.dataset.price);
  set("tax", option.dataset.tax);
  if (!part(row, "quantity").value) set("quantity", "1");
  field.value = option.dataset.name;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

on("change", "[data-item-search]", (event) => fill(event.target));
on("input", "[data-item-search]", (event) => {
  // A choice from the list comes as one replacement, typing letter by letter.
  if (event.inputType === "insertReplacementText" || event.inputType === undefined) fill(event.target);
});
