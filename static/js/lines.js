// The line grid of a document: table[data-lines] holding a Django formset. Keyboard, paste from a spreadsheet,
// totals in whole minor units. What the server computes on save is what counts.
import { $, $$ } from "./dom.js";
import { divide, money, ONE, read } from "./numbers.js";

const HUNDRED = 100n * ONE;
const cell = (row, name) => $(`[name$="-${name}"]`, row);
const rows = (grid) => $$("tbody > tr:not([hidden])", grid);
const columns = (row) => $$("input:not([type=hidden]):not([type=checkbox]), select, textarea", row);
const notify = (grid) => grid.dispatchEvent(new Event("change", { bubbles: true }));

function renumber(grid) {
  const all = $$("tbody > tr", grid);
  all.forEach((row, at) => {
    for (const control of $$("[name], [id], [for], [popovertarget]", row)) {
      for (const attribute of ["name", "id", "for", "aria-describedby", "popovertarget"]) {
        const value = control.getAttribute(attribute);
        if (value) control.setAttribute(attribute, value.replace(/-(\d+|__prefix__)-/g, `-${at}-`));
      }
    }
    for (const control of $$("[data-label]", row)) control.setAttribute("aria-label", `${control.dataset.label} ${at + 1}`);
  });
  const total = $('[name$="-TOTAL_FORMS"]', grid.form ?? grid.closest("form"));
  if (total) total.value = String(all.length);
}

function add(grid, after = null) {
  const empty = $("template[data-line]", grid.closest("form"));
  const row = empty.content.firstElementChild.cloneNode(true);
  if (after) after.after(row);
  else $("tbody", grid).append(row);
  renumber(grid);
  return row;
}

function remove(grid, row) {
  const beside = row.nextElementSibling ?? row.previousElementSibling;
  const mark = cell(row, "DELETE");
  if (mark) {
    mark.checked = true;
    row.hidden = true;
  } else row.remove();
  if (!rows(grid).length) add(grid);
  renumber(grid);
  totals(grid);
  notify(grid);
  columns(beside && !beside.hidden ? beside : rows(grid)[0])[0]?.focus();
}

/** One line: its net in minor units and its tax rate; null when a number cannot be read. */
function lineOf(row, scale) {
  const value = (name, otherwise) => {
    const control = cell(row, name);
    return control && control.value !== "" ? read(control.value) : otherwise;
  };
  const [quantity, price, discount] = [value("quantity", 0n), value("unit_price", 0n), value("discount_pct", 0n)];
  const per = value("base_quantity", ONE);
  if ([quantity, price, discount, per].includes(null) || per === 0n) return null;
  const tax = cell(row, "tax");
  const option = tax?.selectedOptions?.[0];
  const rate = read((option?.dataset.rate ?? "0").replace(".", read("1.5") === null ? "," : ".")) ?? 0n;
  const gross = divide(quantity * price * scale, ONE * per);
  const off = divide(gross * discount, HUNDRED);
  return { net: gross - off, rate, key: tax?.value ?? "" };
}

function totals(grid) {
  const { currency = "EUR", exponent = "2", taxRounding = "group" } = grid.dataset;
  const digits = Number(exponent);
  const scale = 10n ** BigInt(digits);
  const show = (minor) => money(minor, currency, digits);
  const groups = new Map();
  let net = 0n;
  let tax = 0n;
  for (const row of rows(grid)) {
    const line = lineOf(row, scale);
    const place = $("[data-amount]", row);
    if (place) place.textContent = line ? show(line.net) : "—";
    if (!line) continue;
    net += line.net;
    if (taxRounding === "line") tax += divide(line.net * line.rate, HUNDRED);
    const group = groups.get(line.key) ?? { net: 0n, rate: line.rate };
    group.net += line.net;
    groups.set(line.key, group);
  }
  if (taxRounding !== "line") for (const group of groups.values()) tax += divide(group.net * group.rate, HUNDRED);
  const form = grid.closest("form");
  for (const [name, value] of Object.entries({ net, tax, gross: net + tax })) {
    for (const place of $$(`[data-total="${name}"]`, document)) {
      if (!place.closest("form") || place.closest("form") === form) place.textContent = show(value);
    }
  }
}

function fill(control, text) {
  if (control.tagName !== "SELECT") {
    control.value = text;
    return;
  }
  const wanted = text.trim().toLowerCase();
  const hit = [...control.options].find(
    (option) => [option.value, option.text, option.dataset.rate].some((known) => known?.toLowerCase() === wanted) || option.dataset.rate === wanted.replace("%", "").trim(),
  );
  if (hit) control.value = hit.value;
}

function paste(event, grid) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const table = text.replace(/\r/g, "").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
  let row = event.target.closest("tr");
  const from = columns(row).indexOf(event.target);
  for (const [at, words] of table.entries()) {
    if (at) row = rows(grid)[rows(grid).indexOf(row) + 1] ?? add(grid);
    words.forEach((word, offset) => {
      const control = columns(row)[from + offset];
      if (control) fill(control, word.trim());
    });
  }
  totals(grid);
  notify(grid);
}

function keys(event, grid) {
  const row = event.target.closest("tr");
  if (!row || event.isComposing) return;
  const all = rows(grid);
  const at = all.indexOf(row);
  const column = columns(row).indexOf(event.target);
  const goTo = (target) => {
    event.preventDefault();
    const control = columns(target)[column] ?? columns(target)[0];
    control?.focus();
    control?.select?.();
  };
  const plain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const text = event.target.tagName === "INPUT";
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const fresh = add(grid, row);
    event.preventDefault();
    columns(fresh)[0]?.focus();
    notify(grid);
  } else if (event.key === "Enter" && plain && event.target.tagName !== "TEXTAREA" && column >= 0) {
    if (all[at + 1]) goTo(all[at + 1]);
    else {
      const fresh = add(grid);
      event.preventDefault();
      columns(fresh)[0]?.focus();
      notify(grid);
    }
  } else if (event.key === "ArrowDown" && plain && text && all[at + 1]) goTo(all[at + 1]);
  else if (event.key === "ArrowUp" && plain && text && all[at - 1]) goTo(all[at - 1]);
  else if (event.key === "Backspace" && event.altKey) {
    event.preventDefault();
    remove(grid, row);
  }
}

/** A save may change how the tax classes fall (another company, a confirmed VAT id): their names and rates. */
function renewTaxes(form) {
  const fresh = $("#tax-classes")?.content;
  if (!fresh?.childElementCount) return;
  const blank = $("template[data-line]", form)?.content;
  for (const select of [...$$('select[name$="-tax"]', form), ...(blank ? $$('select[name$="-tax"]', blank) : [])]) {
    const chosen = select.value;
    select.replaceChildren(fresh.cloneNode(true));
    select.value = chosen;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }
}

function start(grid) {
  if (grid.dataset.started) return;
  grid.dataset.started = "yes";
  grid.addEventListener("input", () => totals(grid));
  grid.addEventListener("change", () => totals(grid));
  grid.addEventListener("paste", (event) => paste(event, grid));
  grid.addEventListener("keydown", (event) => keys(event, grid));
  grid.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-line]");
    if (button) {
      event.preventDefault();
      remove(grid, button.closest("tr"));
    }
  });
  for (const button of $$("[data-add-line]", grid.closest("form"))) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      columns(add(grid))[0]?.focus();
      notify(grid);
    });
  }
  totals(grid);
}

const startAll = () => $$("table[data-lines]").forEach(start);
startAll();
document.addEventListener("htmx:afterSwap", startAll);
// The totals on the page are the server's by then; only what the next keystroke adds up with is renewed.
document.addEventListener("draft:saved", (event) => renewTaxes(event.target));
