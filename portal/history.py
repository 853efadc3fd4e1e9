"""What happened to an invoice, as its customer may know it: from the book and from facts on an allow-list.

Never a reason, note or name of ours: only what is in the list below is said, in the customer's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType

from cases import events as cases
from cases.models import Plan, PlannedInvoice, Promise, PromisedInvoice
from charges.models import Charge
from core import formatting
from core.money import round_money
from invoices import events as invoices
from invoices.documents.writer import Writer
from invoices.models import Invoice
from ledger.models import Allocation
from portal.words import Words
from trail.models import Entry

INVOICE_FACTS: Mapping[str, str] = {
    invoices.INVOICE_ISSUED: "h_issued",
    invoices.INVOICE_IMPORTED: "h_issued",
    invoices.INVOICE_HELD: "h_held",
    invoices.INVOICE_RELEASED: "h_released",
    invoices.INVOICE_CANCELLED: "h_cancelled",
    invoices.DUE_DATE_MOVED: "h_due_moved",
}
PROMISE_FACTS: Mapping[str, str] = {
    cases.PROMISE_ASKED: "h_promise_asked",
    cases.PROMISE_MADE: "h_promise",
    cases.PROMISE_KEPT: "h_promise_kept",
    cases.PROMISE_PARTLY_KEPT: "h_promise_part",
    cases.PROMISE_BROKEN: "h_promise_broken",
    cases.PROMISE_REFUSED: "h_promise_gone",
    cases.PROMISE_WITHDRAWN: "h_promise_gone",
}
PLAN_FACTS: Mapping[str, str] = {
    cases.PLAN_OFFERED: "h_plan_offered",
    cases.PLAN_ACCEPTED: "h_plan_accepted",
    cases.PLAN_WITHDRAWN: "h_plan_ended",
    cases.PLAN_DEFAULTED: "h_plan_missed",
    cases.PLAN_COMPLETED: "h_plan_done",
}


@dataclass(frozen=True)
class Happened:
    """One entry of the customer's timeline: the day and what it was, in words."""

    on: date
    day: str
    text: str


def history_of(invoice: Invoice, w: Writer, words: Words) -> list[Happened]:
    """Everything that changed what is asked for, the newest first."""
    said = [
        *_booked(invoice, w, words),
        *_acts(invoice, w, words),
        *_agreed(invoice, w, words),
        *_charged(invoice, words),
    ]
    said.sort(key=lambda pair: pair[0], reverse=True)
    return [Happened(on, formatting.medium_date(on, w.locale), text) for on, text in said]


def _money(w: Writer, amount: object) -> str:
    return w.money(round_money(Decimal(str(amount)), w.currency))


def _booked(invoice: Invoice, w: Writer, words: Words) -> Iterator[tuple[date, str]]:
    """What was settled, and what was taken back."""
    rows = Allocation.objects.filter(debit__instalment__invoice=invoice).order_by("id")
    for kind, amount, on, reversal in rows.values_list("kind", "amount", "on", "reversal_of_id"):
        key = "h_back" if reversal else f"h_{kind}"
        yield on, words.say(key, amount=_money(w, abs(amount)))


def _entries(kind: type, ids: list[int], facts: Mapping[str, str]) -> Iterator[Entry]:
    if not ids:
        return
    found = Entry.objects.filter(
        content_type=ContentType.objects.get_for_model(kind), object_id__in=ids, fact__in=facts
    )
    yield from found.order_by("id").only("fact", "timestamp", "additional_data", "object_id")


def _acts(invoice: Invoice, w: Writer, words: Words) -> Iterator[tuple[date, str]]:
    zone = ZoneInfo(invoice.entity.time_zone)
    for entry in _entries(Invoice, [invoice.pk], INVOICE_FACTS):
        payload: dict[str, Any] = entry.additional_data or {}
        amount = _money(w, payload["amount"]) if payload.get("amount") else ""
        moved = entry.fact == invoices.DUE_DATE_MOVED
        day = formatting.long_date(date.fromisoformat(str(payload["to"])), w.locale) if moved else ""
        yield (
            entry.timestamp.astimezone(zone).date(),
            words.say(INVOICE_FACTS[entry.fact], amount=amount, date=day).strip(),
        )


def _agreed(invoice: Invoice, w: Writer, words: Words) -> Iterator[tuple[date, str]]:
    """Promises and plans that cover the invoice."""
    zone = ZoneInfo(invoice.entity.time_zone)
    covered = PromisedInvoice.objects.filter(invoice=invoice).values_list("promise_id", flat=True)
    promises = Promise.objects.in_bulk(list(covered))
    for entry in _entries(Promise, list(promises), PROMISE_FACTS):
        promise = promises[int(entry.object_id or 0)]
        day = formatting.long_date(promise.promised_on, w.locale)
        text = words.say(PROMISE_FACTS[entry.fact], amount=_money(w, promise.amount), date=day)
        yield entry.timestamp.astimezone(zone).date(), text
    plans = PlannedInvoice.objects.filter(invoice=invoice).values_list("plan_id", flat=True)
    for entry in _entries(Plan, list(plans), PLAN_FACTS):
        yield entry.timestamp.astimezone(zone).date(), words[PLAN_FACTS[entry.fact]]


def _charged(invoice: Invoice, words: Words) -> Iterator[tuple[date, str]]:
    """Late charges for the invoice: documents of their own, named with their amount, and taken back."""
    rows = Charge.objects.filter(invoice=invoice, document__issued_on__isnull=False)
    for charge in rows.select_related("document", "entity").order_by("pk"):
        debit = charge.document
        locale = formatting.reader_locale(words.language, charge.entity.country)
        amount = formatting.money(round_money(debit.payable, debit.currency), debit.currency, locale)
        if debit.issued_on:
            yield debit.issued_on, words.say("h_charged", number=debit.number, amount=amount)
        if debit.settlement_status == Invoice.Settlement.CREDITED and debit.settled_on:
            yield debit.settled_on, words.say("h_charge_back", number=debit.number)


def live_promise(invoice: Invoice) -> Promise | None:
    """The promise that stands or waits for this invoice."""
    row = PromisedInvoice.objects.filter(invoice=invoice, is_live=True).select_related("promise").first()
    return row.promise if row else None
