"""Looking for the invoices of a statement's lines: what is sure is booked, the rest is proposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from banking import queries
from banking.matching import Book, Incoming, Match, find
from banking.models import Line, Statement
from banking.operations._booking import Choice, book_line, note_payout
from core.errors import DomainError, Invalid
from customers.models import Customer
from payments.operations import Part
from team.models import User


@dataclass(frozen=True)
class Matched:
    """How many lines were looked at, booked, proposed, and are perhaps recorded already."""

    looked_at: int = 0
    booked: int = 0
    proposed: int = 0
    doubtful: int = 0

    def as_result(self) -> dict[str, int]:
        """As the page of the job shows it."""
        return dict(self.__dict__)


def match_statement(
    statement: Statement, *, actor: User | None, now: datetime, after_line: Callable[[], bool] | None = None
) -> Matched:
    """Look at every line that waits, each in its own transaction: killed, it goes on where it was.

    `after_line` is told of each line and says whether to go on.
    """
    _find_payouts(statement, actor=actor, now=now)
    entity = statement.account.entity
    book = queries.book_of(entity, statement.currency)
    sure = queries.matching_of(entity).automatic
    counts = {"looked_at": 0, "booked": 0, "proposed": 0, "doubtful": 0}
    waiting = statement.lines.filter(state=Line.State.NEW, amount__gt=0).order_by("place")
    for line in waiting.select_related("account__entity"):
        outcome = _look_at(line, book, sure, actor=actor, now=now)
        counts["looked_at"] += 1
        if outcome:
            counts[outcome] += 1
        if after_line is not None and not after_line():
            break
    return Matched(**counts)


def _find_payouts(statement: Statement, *, actor: User | None, now: datetime) -> None:
    """Debits that name a payment file or one of its transfers, over exactly its sum, have paid it."""
    waiting = statement.lines.filter(state=Line.State.NEW, amount__lt=0).order_by("place")
    for line in waiting.select_related("account__entity"):
        paid = queries.payout_of(line)
        if paid is None:
            continue
        try:
            note_payout(line, paid, actor=actor, now=now)
        except DomainError as refusal:
            Line.objects.filter(pk=line.pk, state=Line.State.NEW).update(reason=refusal.message[:300])


def _look_at(line: Line, book: Book, sure: int, *, actor: User | None, now: datetime) -> str:
    found = find(_incoming(line), book)
    with transaction.atomic():
        # A person may have decided it while the lines before were looked at.
        line = Line.objects.select_for_update(of=("self",)).select_related("account__entity").get(pk=line.pk)
        if line.state != Line.State.NEW:
            return ""
        line.matches = [_as_json(match) for match in found]
        twin = queries.twin_of(line)
        if twin is not None:
            line.state = Line.State.DOUBTFUL
            line.reason = f"{twin} of {twin.received_on} has the same amount."
        line.save(update_fields=["matches", "state", "reason"])
    if line.state == Line.State.DOUBTFUL:
        return "doubtful"
    if not found or found[0].score < sure:
        return "proposed" if found else ""
    try:
        book_line(line, choice_of(found[0]), actor=actor, now=now)
    except DomainError as refusal:
        # The books moved since they were read: the line waits for a person, with the reason.
        Line.objects.filter(pk=line.pk, state=Line.State.NEW).update(reason=refusal.message[:300])
        return "proposed"
    book.settle(found[0].parts)
    return "booked"


def accept_match(line: Line, number: int, *, actor: User, now: datetime, late: bool = False) -> Line:
    """Book what was proposed; `number` counts the proposals from 0. `late` as in `Choice`."""
    if not 0 <= number < len(line.matches):
        raise Invalid(
            "There is no such proposal.", field="match", rule="a_proposal_is_chosen", mend="Reload the page."
        )
    choice = replace(_choice_from(line.matches[number]), late=late)
    return book_line(line, choice, actor=actor, now=now)


def choice_of(match: Match) -> Choice:
    """What booking a match does."""
    return _choice_from(_as_json(match))


def _choice_from(match: Mapping[str, Any]) -> Choice:
    why = "; ".join(term["words"] for term in match["terms"])[:300]
    return Choice(
        customer=Customer.objects.get(pk=match["customer"]),
        parts=[Part(int(item), Decimal(amount), why) for item, amount in match["parts"]],
        fee=Decimal(match["fee"]),
        withheld=Decimal(match["withheld"]),
        let_go=match["let_go"],
        advice=match.get("advice", ()),
    )


def _as_json(match: Match) -> dict[str, Any]:
    return {
        "customer": match.customer,
        "parts": [[item, str(amount)] for item, amount in match.parts],
        "rest": str(match.rest),
        "fee": str(match.fee),
        "withheld": str(match.withheld),
        "let_go": bool(match.let_go),
        "advice": list(match.advice),
        "score": match.score,
        "terms": [dict(term.__dict__) for term in match.terms],
    }


def _incoming(line: Line) -> Incoming:
    return Incoming(
        amount=line.amount,
        received_on=line.booked_on,
        texts=tuple(filter(None, (line.text, line.end_to_end))),
        structured=line.creditor_reference,
        payer_name=line.party_name,
        payer_account=line.party_account,
    )
