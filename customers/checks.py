"""Whether a document meets what its customer requires of it: one small function per kind of requirement.

The document is the invoice snapshot, or what a draft would become. Read besides the snapshot's keys:
`delivery_channel`; `attachments` [{"name", "kind", "size" in bytes}]; `signed` (bool); `po_billed` (net
already billed to the same order, without this document); `earlier_this_month` (how many other invoices of
this month the customer has); `lines[].po_number`. Absent keys count as empty. Dates may be date or ISO text.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from stdnum.de import leitweg

EXPIRY_NOTICE = timedelta(days=30)
ALMOST_USED_UP = Decimal("0.80")
LONGEST_REFERENCE = 300


@dataclass(frozen=True)
class Fault:
    """What is not met: the field at fault, why and how to mend it. `severity` "" = the requirement's own."""

    field: str
    message: str
    mend: str
    severity: str = ""


Document = Mapping[str, Any]
Parameters = Mapping[str, Any]
Check = Callable[[Parameters, Document], Iterator[Fault]]


def po_required(p: Parameters, document: Document) -> Iterator[Fault]:
    """A purchase order that fits its pattern, is still valid and has value left."""
    number = _text(document, "po_number")
    if not number:
        yield Fault("po_number", "The customer requires a purchase order number.", "Ask for it and enter it.")
        return
    if p.get("number") and number != p["number"]:
        yield Fault(
            "po_number", f"The order in force is {p['number']}, not {number}.", f"Enter {p['number']}."
        )
    yield from _fits("po_number", "The purchase order number", number, p.get("pattern"))
    yield from _order_is_valid(p, document)
    yield from _order_has_value_left(p, document)


def _order_is_valid(p: Parameters, document: Document) -> Iterator[Fault]:
    if not p.get("po_valid_to"):
        return
    issued, ends = _issued(document), date.fromisoformat(p["po_valid_to"])
    if issued > ends:
        yield Fault(
            "po_number",
            f"The purchase order ended on {ends.isoformat()}.",
            "Ask the customer for a new order or an extension.",
        )
    elif issued > ends - EXPIRY_NOTICE:
        yield Fault(
            "po_number",
            f"The purchase order ends on {ends.isoformat()}, in {(ends - issued).days} days.",
            "Ask the customer for the next order now.",
            "warn",
        )


def _order_has_value_left(p: Parameters, document: Document) -> Iterator[Fault]:
    if not p.get("value"):
        return
    value, billed = Decimal(p["value"]), Decimal(str(document.get("po_billed") or 0))
    currency = p.get("value_currency") or document.get("currency", "")
    if currency != document.get("currency", ""):
        yield Fault(
            "currency",
            f"The purchase order is in {currency}, the document in {document.get('currency', '')}.",
            f"Bill in {currency}, or ask for an order in the document's currency.",
        )
        return
    total = billed + _net(document)
    if total > value:
        yield Fault(
            "po_number",
            f"The order of {currency} {value} has {currency} {max(value - billed, Decimal(0))} left; "
            f"this document is {currency} {_net(document)}.",
            "Ask for a higher order, or bill less.",
        )
    elif value and total >= value * ALMOST_USED_UP:
        yield Fault(
            "po_number",
            f"With this document {total * 100 / value:.0f}% of the order of {currency} {value} is used.",
            "Ask the customer for the next order now.",
            "warn",
        )


def po_per_line(p: Parameters, document: Document) -> Iterator[Fault]:
    """Every line names its order: in its own field, or in its detail text."""
    pattern = p.get("pattern") or r"\S+"
    for at, line in enumerate(_lines(document)):
        number = str(line.get("po_number") or "").strip()
        named = (
            re.fullmatch(pattern, number[:LONGEST_REFERENCE])
            if number
            else p.get("pattern") and re.search(pattern, str(line.get("detail") or "")[:LONGEST_REFERENCE])
        )
        if not named:
            position = line.get("position", at + 1)
            wanted = f" like {p['pattern']}" if p.get("pattern") else ""
            yield Fault(
                f"lines.{at}.detail",
                f"Line {position} names no purchase order{wanted}.",
                "Write the order number into the line's detail.",
            )


def cost_centre(p: Parameters, document: Document) -> Iterator[Fault]:
    """A cost centre, project or account code: present, of the right form, one of the known ones."""
    code = _text(document, "cost_centre")
    if not code:
        yield Fault("cost_centre", "The customer requires a cost centre.", "Ask for it and enter it.")
        return
    yield from _fits("cost_centre", "The cost centre", code, p.get("pattern"))
    if p.get("allowed") and code not in p["allowed"]:
        yield Fault(
            "cost_centre",
            f"“{code}” is not a cost centre of this customer.",
            f"Use one of: {', '.join(p['allowed'])}.",
        )


def buyer_reference(p: Parameters, document: Document) -> Iterator[Fault]:
    """EN 16931 BT-10. German authorities give a Leitweg-ID, whose check digits are verified."""
    reference = _text(document, "buyer_reference")
    if not reference:
        yield Fault(
            "buyer_reference", "The customer requires its buyer reference.", "Ask for it and enter it."
        )
        return
    if p.get("value") and reference != p["value"]:
        yield Fault(
            "buyer_reference",
            f"The buyer reference is {p['value']}, not {reference}.",
            f"Enter {p['value']}.",
        )
    if p.get("format") == "leitweg" and not leitweg.is_valid(reference):
        yield Fault(
            "buyer_reference",
            f"“{reference}” is not a Leitweg-ID: its form or its check digits are wrong.",
            "Copy it from the order, like 04011000-1234512345-06.",
        )
    yield from _fits("buyer_reference", "The buyer reference", reference, p.get("pattern"))


def contract_number(p: Parameters, document: Document) -> Iterator[Fault]:
    """The number of the contract the document bills."""
    number = _text(document, "contract_reference")
    if not number:
        yield Fault("contract_reference", "The customer requires the contract number.", "Enter it.")
        return
    if p.get("number") and number != p["number"]:
        yield Fault(
            "contract_reference", f"The contract is {p['number']}, not {number}.", f"Enter {p['number']}."
        )
    yield from _fits("contract_reference", "The contract number", number, p.get("pattern"))


def attachment_required(p: Parameters, document: Document) -> Iterator[Fault]:
    """Files that prove the delivery, each within the size the customer's portal takes."""
    attached = list(document.get("attachments") or ())
    kinds = {str(file.get("kind", "")) for file in attached}
    for kind in p["kinds"]:
        if kind not in kinds:
            words = ATTACHMENTS[kind].lower()
            yield Fault(
                "attachments", f"The customer requires with the invoice: {words}.", f"Attach the {words}."
            )
    limit = p.get("max_mb")
    for file in attached:
        if limit and int(file.get("size") or 0) > limit * 1024 * 1024:
            yield Fault(
                "attachments",
                f"“{file.get('name', '')}” is larger than the {limit} MB the customer takes.",
                "Attach a smaller file.",
            )


def delivery_channel(p: Parameters, document: Document) -> Iterator[Fault]:
    """How the invoice must reach the customer."""
    channel = _text(document, "delivery_channel")
    if channel != p["channel"]:
        yield Fault(
            "delivery_channel",
            f"The customer takes invoices by {_by(p['channel'])} only"
            + (f", not by {_by(channel)}." if channel else "."),
            f"Send it by {_by(p['channel'])}" + (f" to {p['address']}." if p.get("address") else "."),
        )


def language(p: Parameters, document: Document) -> Iterator[Fault]:
    """The language the document is written in; a region is not asked for unless named."""
    used, wanted = _text(document, "language"), p["language"]
    if used != wanted and used.split("-")[0] != wanted:
        yield Fault(
            "language",
            f"The customer requires “{wanted}”; the document is in “{used}”.",
            "Change the language.",
        )


def currency(p: Parameters, document: Document) -> Iterator[Fault]:
    """The currency the customer pays in."""
    used = _text(document, "currency")
    if used != p["currency"]:
        yield Fault(
            "currency",
            f"The customer is billed in {p['currency']}, not in {used}.",
            f"Bill in {p['currency']}.",
        )


def consolidated_invoice(p: Parameters, document: Document) -> Iterator[Fault]:  # noqa: ARG001
    """One invoice a month for everything."""
    earlier = int(document.get("earlier_this_month") or 0)
    if earlier:
        yield Fault(
            "issued_on",
            f"The customer takes one invoice a month and has {earlier} of this month already.",
            "Bill it with next month's invoice.",
        )


def cut_off_day(p: Parameters, document: Document) -> Iterator[Fault]:
    """Received by a day of the month, or it counts for the next month."""
    issued = _issued(document)
    if issued.day > p["day"]:
        following = (issued.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield Fault(
            "issued_on",
            f"The customer takes invoices until day {p['day']} of a month; "
            f"this one is dated {issued.isoformat()}.",
            f"Date it {following.isoformat()}, or expect it to be processed with next month's.",
        )


def no_invoices_in_month(p: Parameters, document: Document) -> Iterator[Fault]:
    """Months in which the customer accepts nothing, like December."""
    issued = _issued(document)
    if str(issued.month) in p["months"]:
        yield Fault(
            "issued_on",
            f"The customer takes no invoices in {dict(MONTHS)[str(issued.month)]}.",
            "Issue it in a month in which it does.",
        )


def line_detail(p: Parameters, document: Document) -> Iterator[Fault]:
    """What each line must show."""
    for at, line in enumerate(_lines(document)):
        for need in p["fields"]:
            names = _DETAIL_KEYS[need]
            if not all(str(line.get(name) or "").strip() for name in names):
                yield Fault(
                    f"lines.{at}.{names[0]}",
                    f"Line {line.get('position', at + 1)} has no {dict(LINE_FIELDS)[need].lower()}.",
                    "The customer requires it on every line: fill it in.",
                )


def custom_text(p: Parameters, document: Document) -> Iterator[Fault]:
    """A sentence the customer wants to read on the document."""
    said = " ".join([*map(str, document.get("texts") or ()), _text(document, "notes")])
    if _squeezed(p["text"]) not in _squeezed(said):
        yield Fault("notes", f"The text “{p['text']}” is missing.", "Add it to the note to the customer.")


def e_signature(p: Parameters, document: Document) -> Iterator[Fault]:  # noqa: ARG001
    """An electronic signature on the document."""
    if not document.get("signed"):
        yield Fault(
            "signed",
            "The customer requires an electronic signature.",
            "Sign the document before it goes out.",
        )


def delivery_address(p: Parameters, document: Document) -> Iterator[Fault]:  # noqa: ARG001
    """Where the goods or the service went."""
    if not document.get("delivery_address"):
        yield Fault(
            "delivery_address",
            "The customer requires the delivery address on the invoice.",
            "Add a delivery address to the customer.",
        )


def quantity_decimals(p: Parameters, document: Document) -> Iterator[Fault]:
    """How many decimals the customer's system reads in a quantity."""
    for at, line in enumerate(_lines(document)):
        quantity = Decimal(str(line.get("quantity") or 0)).normalize()
        exponent = quantity.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > p["places"]:
            yield Fault(
                f"lines.{at}.quantity",
                f"Line {line.get('position', at + 1)} has {-exponent} decimals in its quantity; "
                f"the customer's system reads {p['places']}.",
                "Round the quantity, or use a smaller unit.",
            )


def self_billing(p: Parameters, document: Document) -> Iterator[Fault]:  # noqa: ARG001
    """The customer writes the invoices itself (self-billing); one of ours would bill twice."""
    if document.get("document_type", "invoice") == "invoice":
        yield Fault(
            "customer",
            "The customer bills itself: an invoice of ours would bill twice.",
            "Wait for their document.",
        )


ATTACHMENTS = {
    "timesheet": "Timesheet",
    "delivery_note": "Delivery note",
    "acceptance": "Acceptance certificate",
    "order": "Copy of the order",
}
CHANNELS = {"email": "E-mail", "portal": "Customer's portal", "peppol": "Peppol", "post": "Post"}
MONTHS = tuple(
    (str(number), name)
    for number, name in enumerate(
        calendar.month_name[1:],
        start=1,
    )
)
LINE_FIELDS = (
    ("detail", "Detail text"),
    ("period", "Service period"),
    ("unit", "Unit"),
    ("hsn", "HSN or SAC code"),
)
_DETAIL_KEYS = {
    "detail": ("detail",),
    "period": ("period_from", "period_to"),
    "unit": ("unit",),
    "hsn": ("hsn",),
}


def _by(channel: str) -> str:
    """The channel inside a sentence."""
    words = CHANNELS.get(channel, channel)
    return words if channel == "peppol" else words[:1].lower() + words[1:]


def _fits(field: str, name: str, value: str, pattern: str | None) -> Iterator[Fault]:
    if pattern and not re.fullmatch(pattern, value[:LONGEST_REFERENCE]):
        yield Fault(
            field,
            f"{name} “{value}” does not have the form {pattern}.",
            "Check it against the customer's order.",
        )


def _text(document: Document, key: str) -> str:
    return str(document.get(key) or "").strip()


def _lines(document: Document) -> list[Mapping[str, Any]]:
    return list(document.get("lines") or ())


def _net(document: Document) -> Decimal:
    return Decimal(str((document.get("totals") or {}).get("net") or 0))


def _issued(document: Document) -> date:
    day = document["issued_on"]
    return day if isinstance(day, date) else date.fromisoformat(str(day))


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()
