"""Giving back what an ended contract was billed too much: credit notes, as no further bill takes it off."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from contracts import events
from contracts.billing import unbilled
from contracts.loading import load_book
from contracts.models import BillLine, Contract
from contracts.operations._writing import ContractRefused, lock
from entities.queries import local_day
from invoices import operations as invoices
from invoices.models import Invoice
from team.models import User
from trail.operations import record

_REASON = "CAN"


@transaction.atomic
def credit_rest(contract: Contract, *, actor: User, now: datetime) -> list[Invoice]:
    """Write credit notes for all that is to be given back, one per invoice that billed it, the newest first.

    They wait for a second person like any other. Refused while the contract runs, or where nothing is left.
    """
    contract = lock(contract)
    today = local_day(contract.entity, now)
    if contract.state != Contract.State.ACTIVE or contract.ends_on is None or contract.ends_on >= today:
        raise ContractRefused(
            f"{contract} still runs: its next bill takes off what is to be given back.",
            rule="an_ended_contract_is_credited",
            mend="End it first.",
        )
    book = load_book(contract)
    open_ = unbilled(book.facts, book.billed, today)
    if sum((rest.amount for rest in open_), Decimal(0)) >= 0:
        raise ContractRefused(f"Nothing of {contract} is to be given back.", rule="something_is_given_back")
    if any(rest.amount > 0 for rest in open_):
        raise ContractRefused(
            f"Something of {contract} is still to be billed.",
            rule="what_is_due_is_billed_first",
            mend="Plan a bill run for it; the rest is credited afterwards.",
        )
    wanted: dict[int, dict[int, Decimal]] = {}
    takes: list[tuple[BillLine, Decimal]] = []
    for rest in open_:
        left = -rest.amount
        rows = BillLine.objects.filter(item=rest.item.key, period_start=rest.period.start, amount__gt=0)
        for line in rows.select_related("document").order_by("-id"):
            taken = min(left, line.amount)
            if taken:
                found = wanted.setdefault(line.document_id, {})
                found[line.position] = found.get(line.position, Decimal(0)) + taken
                takes.append((line, taken))
                left -= taken
    notes = {
        key: _note(contract, key, parts, actor, now) for key, parts in sorted(wanted.items(), reverse=True)
    }
    places = {key: {position: n for n, position in enumerate(parts, 1)} for key, parts in wanted.items()}
    BillLine.objects.bulk_create(
        BillLine(
            contract=contract,
            document=notes[line.document_id],
            position=places[line.document_id][line.position],
            item_id=line.item_id,
            period_start=line.period_start,
            amount=-taken,
        )
        for line, taken in takes
    )
    return list(notes.values())


def _note(contract: Contract, key: int, parts: dict[int, Decimal], actor: User, now: datetime) -> Invoice:
    note = invoices.write_credit_note(
        Invoice.objects.get(pk=key),
        parts,
        reason_code=_REASON,
        reason=f"Contract {contract.number} ended on {contract.ends_on}",
        actor=actor,
        now=now,
    )
    note = invoices.submit_invoice(note, actor=actor, now=now)
    record(
        events.CONTRACT_CREDITED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        credit_note=note.pk,
        amount=note.payable,
        currency=note.currency,
    )
    return note
