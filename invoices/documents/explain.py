"""A document in plain sentences, and what changed since the one before. Pure, in the document's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core import formatting

from .writer import Snapshot, Writer, clean

ZERO = Decimal(0)


def explain(snapshot: Snapshot) -> list[str]:
    """The sentences that answer "what is this and how does it come to that amount?"."""
    w = Writer(clean(snapshot))
    return [*_about(w), *_arithmetic(w), *_to_pay(w)]


@dataclass(frozen=True)
class Change:
    """One difference in words; `amount` is what it adds to the total (negative: takes away)."""

    kind: str
    text: str
    amount: Decimal


@dataclass(frozen=True)
class Changes:
    """The difference between two documents. The items' amounts sum to `difference` exactly.

    `difference` is None when the two are in different currencies; then there are no items.
    """

    summary: str
    difference: Decimal | None
    items: tuple[Change, ...]


def changes_since(previous: Snapshot, snapshot: Snapshot) -> Changes:
    """What is billed differently than in the previous document, in words with amounts, largest first."""
    before, w = clean(previous), Writer(clean(snapshot))
    known = {"number": before.get("number") or "", "date": w.day(before["issued_on"])}
    if before["currency"] != w.currency:
        return Changes(w.say("c_currency", currency=before["currency"], **known), None, ())
    was, now = Decimal(before["totals"]["gross"]), Decimal(w.s["totals"]["gross"])
    difference = now - was
    key = "c_same" if not difference else "c_more" if difference > 0 else "c_less"
    summary = w.say(key, amount=w.money(abs(difference)), before=w.money(was), after=w.money(now), **known)
    items = [_with_amount(w, change) for change in (*_line_changes(w, before), *_sum_changes(w, before))]
    return Changes(summary, difference, tuple(sorted(items, key=lambda item: -abs(item.amount))))


def _with_amount(w: Writer, change: Change) -> Change:
    """The sentence with what it adds or takes away, where it does not say so itself."""
    if change.kind in {"new", "gone"}:
        return change
    sign = "+" if change.amount > 0 else ""
    end = change.text[-1]
    return replace(change, text=f"{change.text[:-1]} ({sign}{w.money(change.amount)}){end}")


def _about(w: Writer) -> list[str]:
    s, lines = w.s, w.s["lines"]
    sentences = [
        w.say(
            "x_what",
            kind=w.heading,
            number=s.get("number") or w.words["no_number"],
            seller=w.seller.get("legal_name") or w.seller["name"],
            buyer=w.buyer.get("legal_name") or w.buyer["name"],
            date=w.day(s["issued_on"]) if s.get("issued_on") else "–",
        )
    ]
    credits_ = s.get("credits")
    if credits_:
        day = w.day(credits_["issued_on"])
        sentences.append(w.say("x_corrects", number=credits_["number"], date=day, reason=credits_["reason"]))
    if lines:
        largest = max(lines, key=lambda line: Decimal(line["net"]))
        what, amount = largest["description"], w.money(largest["net"])
        key = "x_lines_one" if len(lines) == 1 else "x_lines"
        sentences.append(w.say(key, count=len(lines), what=what, amount=amount))
    period = w.period(s.get("supply_from"), s.get("supply_to"))
    if period:
        sentences.append(w.say("x_period", period=period))
    if s.get("po_number"):
        sentences.append(w.say("x_order", order=s["po_number"]))
    return sentences


def _arithmetic(w: Writer) -> list[str]:
    totals = w.s["totals"]
    sentences = [w.say("x_net", lines=w.money(totals["lines"]))]
    sentences += _if_any(w, "allowances", "charges")
    sentences += [_tax_sentence(w, group) for group in w.s.get("tax_groups") or ()]
    sentences.append(w.say("x_gross", amount=w.money(totals["gross"])))
    return [*sentences, *_if_any(w, "prepaid", "rounding")]


def _if_any(w: Writer, *parts: str) -> list[str]:
    totals = w.s["totals"]
    return [w.say(f"x_{p}", amount=w.money(totals[p])) for p in parts if Decimal(totals.get(p) or 0)]


def _tax_sentence(w: Writer, group: Mapping[str, Any]) -> str:
    taxable = w.money(group["taxable"])
    reason = w.no_tax_reason(group)
    if reason and not Decimal(group["tax"]):
        return w.say("x_no_tax", taxable=taxable, reason=reason)
    rate = formatting.percent(w.tax_rate(group), w.locale)
    return w.say("x_tax", tax=w.tax_label(group), rate=rate, taxable=taxable, amount=w.money(group["tax"]))


def _to_pay(w: Writer) -> list[str]:
    s = w.s
    due, parts = Decimal(s["totals"]["due"]), s.get("instalments") or ()
    if w.is_credit:
        return [w.say("x_credit", amount=w.money(due))]
    if s["document_type"] == "proforma":
        return [w.words["proforma_note"]]
    if due <= 0:
        return [w.words["x_nothing"]]
    if len(parts) > 1:
        count = len(parts)
        return [
            w.say(
                "x_instalment",
                n=p["n"],
                count=count,
                amount=w.money(p["amount"]),
                date=w.weekday(p["due_on"]),
            )
            for p in parts
        ]
    if not s.get("due_on"):
        return []
    sentences = [w.say("x_due", amount=w.money(due), date=w.weekday(s["due_on"]))]
    # The reason comes from the terms' engine, which speaks English.
    if s.get("due_reason") and w.words.language == "en":
        # It begins with the day, which the sentence before has said.
        why = str(s["due_reason"]).rpartition(": ")[2]
        sentences.append(why[:1].upper() + why[1:])
    return [*sentences, *([w.early_discount()] if s.get("early_discount") else [])]


@dataclass
class _Billed:
    """All lines of one document with the same description and unit, summed."""

    what: str
    quantity: Decimal
    prices: set[Decimal]
    net: Decimal


def _billed(snapshot: Snapshot) -> dict[tuple[str, str], _Billed]:
    found: dict[tuple[str, str], _Billed] = {}
    for line in snapshot["lines"]:
        key = (" ".join(str(line["description"]).casefold().split()), str(line.get("unit") or ""))
        item = found.setdefault(key, _Billed(str(line["description"]), ZERO, set(), ZERO))
        item.quantity += Decimal(line["quantity"])
        item.prices.add(Decimal(line["unit_price"]))
        item.net += Decimal(line["net"])
    return found


def _line_changes(w: Writer, before: Snapshot) -> list[Change]:
    was, now = _billed(before), _billed(w.s)
    changes = []
    for key in dict.fromkeys([*now, *was]):
        old, new = was.get(key), now.get(key)
        if old and new:
            changes += _changed_line(w, old, new)
        elif new:
            changes.append(Change("new", w.say("c_new", what=new.what, after=w.money(new.net)), new.net))
        elif old:
            changes.append(Change("gone", w.say("c_gone", what=old.what, before=w.money(old.net)), -old.net))
    return changes


def _changed_line(w: Writer, old: _Billed, new: _Billed) -> list[Change]:
    if old.net == new.net:
        return []
    quantities = {
        "was": formatting.quantity(old.quantity, w.locale),
        "now": formatting.quantity(new.quantity, w.locale),
    }
    amounts = {"before": w.money(old.net), "after": w.money(new.net)}
    kind = "amount"
    if len(old.prices) == len(new.prices) == 1:
        (old_price,), (new_price,) = old.prices, new.prices
        prices = {"price_was": w.price(str(old_price)), "price_now": w.price(str(new_price))}
        if old_price == new_price and old.quantity != new.quantity:
            kind = "quantity"
        elif old_price != new_price and old.quantity == new.quantity:
            kind, quantities = "price", {"was": prices["price_was"], "now": prices["price_now"]}
        elif old_price != new_price:
            return [Change("both", w.say("c_both", what=new.what, **quantities, **prices), new.net - old.net)]
    return [Change(kind, w.say(f"c_{kind}", what=new.what, **quantities, **amounts), new.net - old.net)]


def _sum_changes(w: Writer, before: Snapshot) -> list[Change]:
    changes = []
    for kind, parts in (("discounts", ("charges", "allowances")), ("tax", ("tax",))):
        was, now = (_signed(totals, parts) for totals in (before["totals"], w.s["totals"]))
        if was != now:
            text = w.say(f"c_{kind}", before=w.money(was), after=w.money(now))
            changes.append(Change(kind, text, now - was))
    return changes


def _signed(totals: Mapping[str, Any], parts: tuple[str, ...]) -> Decimal:
    return sum((Decimal(totals.get(part) or 0) * (-1 if part == "allowances" else 1) for part in parts), ZERO)
