"""Checks that hold everywhere: the figures foot (EN 16931) and the document makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from core.money import EXPONENTS, is_exact, round_money, times
from invoices.checks._base import ZERO, Check, Document, Predicate, Row, always, day, each, number

_EN = "EN 16931-1"
_HALVES = ("CGST", "SGST", "UTGST")
_GENERIC = frozenset(
    (
        "services",
        "service",
        "misc",
        "miscellaneous",
        "various",
        "goods",
        "item",
        "items",
        "work",
        "fee",
        "other",
    )
)
_PLACEHOLDERS = ("lorem ipsum", "xxx", "tbd", "todo", "test line", "asdf", "to be defined", "placeholder")


def _sum(document: Document, name: str, field: str) -> Decimal:
    return sum((number(row.get(field)) for row in document.rows(name)), ZERO)


def _total(field: str, *parts: tuple[int, str]) -> Predicate:
    """A total that is made of other totals, each added (1) or taken off (-1)."""

    def foots(document: Document) -> bool:
        made = sum((sign * document.amount("totals", part) for sign, part in parts), ZERO)
        return document.amount("totals", field) == made

    return always(foots, f"totals.{field}")


def _sums(total: str, name: str, field: str) -> Predicate:
    """A total that is the sum of rows."""
    return always(
        lambda document: document.amount("totals", total) == _sum(document, name, field), f"totals.{total}"
    )


def _taxable_foots(document: Document) -> Iterator[str]:
    """BR-S-08 and its like: a group's taxable amount is its lines - allowances + charges."""
    for index, group in enumerate(document.rows("tax_groups")):
        key = (group.get("category"), number(group.get("rate")))
        expected = ZERO
        for sign, name, field in (
            (1, "lines", "net"),
            (-1, "allowances", "amount"),
            (1, "charges", "amount"),
        ):
            for row in document.rows(name):
                if (row.get("category"), number(row.get("rate"))) == key:
                    expected += sign * number(row.get(field))
        if number(group.get("taxable")) != expected:
            yield f"tax_groups[{index}].taxable"


def _tax_foots(document: Document) -> Iterator[str]:
    """BR-CO-17: a group's tax is its taxable amount times the rate, or the sum of its lines' tax.

    Of a credit note it is what the invoice bore and earlier credits left: the last one carries the rounding.
    """
    currency = document.text("currency")
    by_line = document.text("tax_rounding") == "line"
    if currency not in EXPONENTS or (document.kind == "credit_note" and not by_line):
        return
    for index, group in enumerate(document.rows("tax_groups")):
        component = str(group.get("component") or "")
        of_hundred = Decimal("0.005") if component in _HALVES else Decimal("0.01")
        rate = times(number(group.get("rate")), of_hundred)
        expected = round_money(times(number(group.get("taxable")), rate), currency)
        if by_line:
            key = (group.get("category"), number(group.get("rate")))
            expected = sum(
                (
                    number((row.get("components") or {}).get(component) if component else row.get("tax"))
                    for row in document.rows("lines")
                    if (row.get("category"), number(row.get("rate"))) == key
                ),
                ZERO,
            )
            for row in document.rows("charges"):
                if (row.get("category"), number(row.get("rate"))) == key:
                    expected += round_money(times(number(row.get("amount")), rate), currency)
        if number(group.get("tax")) != expected:
            yield f"tax_groups[{index}].tax"


def _every_line_in_a_group(document: Document) -> Iterator[str]:
    groups = {(row.get("category"), number(row.get("rate"))) for row in document.rows("tax_groups")}
    for name in ("lines", "allowances", "charges"):
        for index, row in enumerate(document.rows(name)):
            if (row.get("category"), number(row.get("rate"))) not in groups:
                yield f"{name}[{index}].category"


def _amounts_fit(document: Document) -> Iterator[str]:
    currency = document.text("currency")
    if currency not in EXPONENTS:
        yield "currency"
        return
    for name, value in (document.snapshot.get("totals") or {}).items():
        if not is_exact(number(value), currency):
            yield f"totals.{name}"
    for index, row in enumerate(document.rows("lines")):
        if not is_exact(number(row.get("net")), currency):
            yield f"lines[{index}].net"


def _periods_in_order(document: Document) -> Iterator[str]:
    for index, row in enumerate(document.rows("lines")):
        start, end = day(row.get("period_from")), day(row.get("period_to"))
        if start and end and end < start:
            yield f"lines[{index}].period_to"
    start, end = document.day("supply_from"), document.day("supply_to")
    if start and end and end < start:
        yield "supply_to"


def _not_due_before_issue(document: Document) -> Iterator[str]:
    issued = document.day("issued_on")
    due = document.day("due_on")
    if issued and due and due < issued:
        yield "due_on"
    for index, row in enumerate(document.rows("instalments")):
        due = day(row.get("due_on"))
        if issued and due and due < issued:
            yield f"instalments[{index}].due_on"


def _instalments_foot(document: Document) -> bool:
    due = document.amount("totals", "due")
    return not document.rows("instalments") or _sum(document, "instalments", "amount") == due


def _is_placeholder(row: Row) -> bool:
    words = _words(row.get("description"))
    return any(placeholder in words for placeholder in _PLACEHOLDERS)


def _words(text: object) -> str:
    return " ".join(str(text or "").split()).casefold().strip(" .")


def _arithmetic(rule: str, predicate: Predicate, message: str) -> Check:
    mend = "Recalculate the document; if it was imported, correct the source."
    return Check(rule, "ALL", predicate, "block", message, mend, f"{_EN} {rule}")


CHECKS: tuple[Check, ...] = (
    _arithmetic("BR-CO-10", _sums("lines", "lines", "net"), "The lines do not add up to their total."),
    _arithmetic("BR-CO-11", _sums("allowances", "allowances", "amount"), "The discounts do not add up."),
    _arithmetic("BR-CO-12", _sums("charges", "charges", "amount"), "The charges do not add up."),
    _arithmetic(
        "BR-CO-13",
        _total("net", (1, "lines"), (-1, "allowances"), (1, "charges")),
        "The total without tax is not lines - discounts + charges.",
    ),
    _arithmetic("BR-CO-14", _sums("tax", "tax_groups", "tax"), "The tax groups do not add up to the tax."),
    _arithmetic("BR-CO-15", _total("gross", (1, "net"), (1, "tax")), "Net and tax do not make the total."),
    _arithmetic(
        "BR-CO-16",
        _total("due", (1, "gross"), (-1, "prepaid"), (1, "rounding")),
        "The amount due is not total - prepaid + rounding.",
    ),
    _arithmetic("BR-CO-17", _tax_foots, "The tax of a group is not its taxable amount times its rate."),
    _arithmetic("BR-CO-18", _every_line_in_a_group, "A line is in no tax group."),
    _arithmetic("BR-S-08", _taxable_foots, "The taxable amount of a group is not that of its lines."),
    _arithmetic("BR-DEC", _amounts_fit, "An amount has more decimals than its currency."),
    Check(
        "BR-16",
        "ALL",
        always(lambda document: bool(document.rows("lines")), "lines"),
        "block",
        "The document bills nothing: it has no line.",
        "Add a line.",
        f"{_EN} BR-16",
    ),
    Check(
        "BR-27",
        "ALL",
        each("lines", lambda row: number(row.get("unit_price")) >= 0, "unit_price"),
        "block",
        "A unit price is negative.",
        "Use a discount, or a deduction line with a negative quantity.",
        f"{_EN} BR-27",
    ),
    Check(
        "BR-CO-25",
        "ALL",
        always(lambda document: bool(document.day("due_on") or document.text("terms", "text")), "due_on"),
        "block",
        "Money is due, but neither a due date nor payment terms are given.",
        "Give payment terms.",
        f"{_EN} BR-CO-25",
        applies_if=lambda document: document.amount("totals", "due") > 0,
    ),
    Check(
        "DOC-due",
        "ALL",
        _not_due_before_issue,
        "block",
        "The due date is before the issue date.",
        "Correct the payment terms or the issue date.",
        "house rule",
    ),
    Check(
        "DOC-instalments",
        "ALL",
        always(_instalments_foot, "instalments"),
        "block",
        "The instalments do not add up to the amount due.",
        "Recalculate the instalments.",
        "house rule",
    ),
    Check(
        "DOC-period",
        "ALL",
        _periods_in_order,
        "block",
        "A service period ends before it begins.",
        "Swap or correct the two days.",
        "house rule",
    ),
    Check(
        "DOC-quantity",
        "ALL",
        each("lines", lambda row: number(row.get("quantity")) != 0, "quantity"),
        "block",
        "A line has no quantity.",
        "Give a quantity or remove the line.",
        "house rule",
    ),
    Check(
        "DOC-credit-positive",
        "ALL",
        each("lines", lambda row: number(row.get("quantity")) > 0, "quantity"),
        "block",
        "A credit note has a negative quantity; it would charge instead of credit.",
        "Credit notes carry positive amounts (type 381).",
        "UNTDID 1001 code 381",
        applies_if=lambda document: document.kind == "credit_note",
    ),
    Check(
        "DOC-negative",
        "ALL",
        each("lines", lambda row: number(row.get("quantity")) >= 0, "quantity"),
        "warn",
        "A line has a negative quantity.",
        "Right for a deduction such as an advance; to take back something billed, write a credit note.",
        "house rule",
        applies_if=lambda document: document.kind != "credit_note",
    ),
    Check(
        "DOC-below-zero",
        "ALL",
        always(lambda document: document.amount("totals", "gross") >= 0, "totals.gross"),
        "block",
        "The total is below zero.",
        "Write a credit note instead.",
        "house rule",
    ),
    Check(
        "DOC-zero",
        "ALL",
        always(lambda document: document.amount("totals", "gross") != 0, "totals.gross"),
        "warn",
        "The total is zero.",
        "Correct the price, or discard it: what bills nothing is neither submitted nor issued.",
        "house rule",
    ),
    Check(
        "DOC-description",
        "ALL",
        each("lines", lambda row: not _is_placeholder(row), "description"),
        "warn",
        "A description looks like a placeholder.",
        "Say what was supplied.",
        "house rule",
    ),
    Check(
        "DOC-generic",
        "ALL",
        each("lines", lambda row: _words(row.get("description")) not in _GENERIC, "description"),
        "warn",
        "A description is only a general word: customers ask back, and tax offices may refuse it.",
        "Say what was supplied, for example “Consulting on tax set-up, 12 hours in May”.",
        "Directive 2006/112/EC art. 226(6)",
    ),
    Check(
        "DOC-credit-reference",
        "ALL",
        always(
            lambda document: all(
                document.text("credits", name) for name in ("number", "issued_on", "reason")
            ),
            "credits",
        ),
        "block",
        "A credit note must name the number and date of its invoice, and its reason.",
        "Write the credit note from the invoice, and give the reason.",
        "Directive 2006/112/EC art. 219",
        applies_if=lambda document: document.kind == "credit_note",
    ),
    Check(
        "DOC-pay-to",
        "ALL",
        always(
            lambda document: (
                any(document.text("payment", "bank", name) for name in ("iban", "account_number"))
                or bool(document.text("payment", "upi_id"))
            ),
            "payment.bank",
        ),
        "warn",
        "Nothing on the document says where to pay.",
        "Enter a bank account for this currency in the company's settings.",
        "house rule",
        applies_if=lambda document: document.amount("totals", "due") > 0 and document.kind != "credit_note",
    ),
)
