"""The tables of a document as text: lines, totals with taxes, instalments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core import formatting

from .writer import GST_COMPONENTS, GST_HALVES, Writer

SMALL_LINE = 60
"""Characters of small print that surely fit on one line under a description."""


@dataclass(frozen=True)
class Row:
    """A label with its value; `strong` marks the sum."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True)
class Cell:
    """One figure of a line; `small` stands below it."""

    text: str
    small: str = ""


@dataclass(frozen=True)
class Line:
    """One billed line: what, the small print under it, and the figures under `LineTable.heads`."""

    what: str
    small: Sequence[str]
    cells: Sequence[Cell]


@dataclass(frozen=True)
class LineTable:
    """Heads are (css class, text), the first one for the description."""

    heads: Sequence[tuple[str, str]]
    lines: Sequence[Line]
    kind: str


def _small(w: Writer, line: Mapping[str, Any]) -> list[str]:
    """The grey lines under a description: detail, period, discount."""
    small = [part for part in str(line.get("detail") or "").splitlines() if part.strip()]
    when = w.period(line.get("period_from"), line.get("period_to"))
    small += [when] if when else []
    discount = Decimal(line.get("discount") or 0)
    if discount:
        pct = Decimal(line.get("discount_pct") or 0)
        shown = f"{formatting.percent(pct, w.locale)} ({w.figure(discount)})" if pct else w.figure(discount)
        small.append(w.say("line_discount", discount=shown))
    together = " · ".join(small)
    return [together] if 0 < len(together) <= SMALL_LINE else small


def _quantity(w: Writer, line: Mapping[str, Any]) -> Cell:
    return Cell(f"{formatting.quantity(line['quantity'], w.locale)} {line.get('unit') or ''}".strip())


def _price(w: Writer, line: Mapping[str, Any]) -> Cell:
    base = Decimal(line.get("base_quantity") or 1)
    per = w.say("price_per", quantity=formatting.quantity(base, w.locale)) if base != 1 else ""
    return Cell(w.price(line["unit_price"]), per)


def plain_table(w: Writer) -> LineTable:
    by_line = w.s.get("tax_rounding") == "line"
    with_hsn = any(line.get("hsn") for line in w.s["lines"])
    lines = []
    for line in w.s["lines"]:
        shown_tax = w.figure(line["tax"]) if by_line and Decimal(line.get("tax") or 0) else ""
        cells = [
            *([Cell(str(line.get("hsn") or ""))] if with_hsn else []),
            _quantity(w, line),
            _price(w, line),
            Cell(formatting.percent(line["rate"], w.locale) if line.get("rate") else "", shown_tax),
            Cell(w.figure(line["net"])),
        ]
        lines.append(Line(str(line["description"]), _small(w, line), cells))
    words = w.words
    heads = [
        ("what", words["description"]),
        *([("hsn", words["hsn"])] if with_hsn else []),
        ("qty", words["quantity"]),
        ("price", words["price"]),
        ("rate", w.tax_name if w.seller.get("country") != "US" else words["tax"]),
        ("net", w.say("net_in", currency=w.currency)),
    ]
    return LineTable(heads, lines, "with-hsn" if with_hsn else "plain")


def gst_table(w: Writer) -> LineTable:
    """The columns of Rule 46: HSN, quantity, price, taxable value, and each tax with its rate and amount."""
    used = [
        name
        for name in GST_COMPONENTS
        if any(name in (line.get("components") or {}) for line in w.s["lines"])
    ]
    lines = []
    for line in w.s["lines"]:
        components = line.get("components") or {}
        rate = Decimal(line.get("rate") or 0)
        taxes = []
        for name in used:
            if name not in components:
                taxes.append(Cell("–"))
                continue
            share = rate / 2 if name in GST_HALVES else rate
            percent = "" if name == "CESS" else formatting.percent(share, w.locale)
            taxes.append(Cell(w.figure(components[name]), percent))
        cells = [Cell(str(line.get("hsn") or "")), _quantity(w, line), _price(w, line)]
        cells += [Cell(w.figure(line["net"])), *taxes]
        lines.append(Line(str(line["description"]), _small(w, line), cells))
    words = w.words
    heads = [("what", words["description"]), ("hsn", words["hsn"]), ("qty", words["quantity"])]
    heads += [("price", words["price"]), ("net", w.say("net_in", currency=w.currency))]
    heads += [("tax", name) for name in used]
    return LineTable(heads, lines, f"gst gst-{len(used)}")


def totals_rows(w: Writer) -> list[Row]:
    totals, words = w.s["totals"], w.words
    rows: list[Row] = []
    extras = [("allowance", -1, entry) for entry in w.s.get("allowances") or ()]
    extras += [("charge", 1, entry) for entry in w.s.get("charges") or ()]
    if extras:
        rows.append(Row(words["lines_total"], w.figure(totals["lines"])))
    for key, sign, entry in extras:
        rows.append(Row(_extra_label(w, key, entry), w.figure(sign * Decimal(entry["amount"]))))
    rows.append(Row(words["net"], w.figure(totals["net"])))
    rows += [_tax_row(w, group) for group in w.s.get("tax_groups") or ()]
    closing = [
        ("prepaid", -Decimal(totals.get("prepaid") or 0)),
        ("rounding", Decimal(totals.get("rounding") or 0)),
    ]
    if any(amount for _, amount in closing):
        rows.append(Row(words["gross"], w.figure(totals["gross"])))
        deposits = [_deposit_row(w, row) for row in w.s.get("deductions") or ()]
        rows += deposits
        rows += [
            Row(words[key], w.figure(amount))
            for key, amount in closing
            if amount and not (key == "prepaid" and deposits)
        ]
    final = words["total_credited" if w.is_credit else "total_due"]
    if w.s["document_type"] == "proforma":
        final = words["gross"]
    return [*rows, Row(final, w.money(totals["due"]), strong=True)]


def _extra_label(w: Writer, key: str, entry: Mapping[str, Any]) -> str:
    """The reason, and the tax rate when the same discount stands on several rates."""
    reason = str(entry.get("reason") or w.words[key])
    same = [other for other in w.s.get(f"{key}s") or () if other.get("reason") == entry.get("reason")]
    if len(same) < 2:
        return reason
    return f"{reason} ({w.tax_name} {formatting.percent(entry.get('rate') or '0', w.locale)})"


def _deposit_row(w: Writer, deposit: Mapping[str, Any]) -> Row:
    """A deposit taken off, by its number and day, with its net and tax."""
    label = w.say(
        "less_deposit",
        number=deposit["number"],
        date=w.day(deposit["issued_on"]),
        net=w.figure(deposit["net"]),
        tax_name=w.tax_name,
        tax=w.figure(deposit["tax"]),
    )
    return Row(label, w.figure(-Decimal(deposit["gross"])))


def _tax_row(w: Writer, group: Mapping[str, Any]) -> Row:
    taxable = w.figure(group["taxable"])
    if group.get("rate") in (None, "") or (not Decimal(group["rate"]) and group.get("category") != "Z"):
        label = w.say("tax_none_on", tax=w.tax_label(group), taxable=taxable)
    else:
        rate = formatting.percent(w.tax_rate(group), w.locale)
        label = w.say("tax_on", tax=w.tax_label(group), rate=rate, taxable=taxable)
    return Row(label, w.figure(group["tax"]))


def tax_notes(w: Writer) -> list[str]:
    """Why no tax is charged, the fixed texts of the tax rules, and the tax in the national currency."""
    notes = [w.no_tax_reason(group) for group in w.s.get("tax_groups") or ()]
    notes += [w.words.translated(str(text)) for text in w.s.get("texts") or ()]
    if w.s["document_type"] == "proforma":
        notes.append(w.words["proforma_note"])
    return [*_once(notes), *_functional_tax(w)]


def _functional_tax(w: Writer) -> list[str]:
    rate = w.s.get("fx") or {}
    functional = str(rate.get("functional") or "")
    taxes = [Decimal(group.get("tax_functional") or 0) for group in w.s.get("tax_groups") or ()]
    if not functional or functional == w.currency or not any(taxes):
        return []
    label = w.say("tax_in", tax=w.tax_name, currency=functional)
    day = w.day(rate["rate_on"]) if rate.get("rate_on") else ""
    source = ", ".join(part for part in (str(rate.get("source") or ""), day) if part)
    exchange = w.say(
        "exchange",
        currency=w.currency,
        rate=formatting.quantity(rate["rate"], w.locale),
        functional=functional,
    )
    total = w.money(sum(taxes, Decimal(0)), functional)
    return [f"{label}: {total} ({'; '.join(part for part in (exchange, source) if part)})"]


def instalment_rows(w: Writer) -> list[tuple[str, str, str]]:
    parts = w.s.get("instalments") or ()
    if len(parts) < 2 or w.is_credit:
        return []
    return [
        (
            w.say("instalment", n=part["n"], count=len(parts)),
            w.weekday(part["due_on"]),
            w.money(part["amount"]),
        )
        for part in parts
    ]


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
