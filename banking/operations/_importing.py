"""Taking a bank's file in: read whole, proven, kept with its hash, each line once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from banking import events, queries, reading, rules
from banking.models import Line, Statement, StatementFile
from banking.rules import BrokenFile, ReadStatement
from core.errors import Refused
from core.money import is_exact, plain
from core.rows import insert_rows
from entities.models import BankAccount
from team.models import User
from trail.operations import record

_ASIDE = {"state": Line.State.ASIDE, "reason": "It moves no money."}
_DOUBT = {"state": Line.State.DOUBTFUL, "reason": "A line of this day with this amount is here already."}


class NotProven(Refused):
    """The balances of a statement do not agree with its lines, or one between is missing."""


class NotOurs(Refused):
    """The statement is of an account that is not ours, or not the one chosen."""


@dataclass(frozen=True)
class Imported:
    """What an import did. `is_new` is False when the same bytes were here before and nothing was written."""

    file: StatementFile
    statements: tuple[Statement, ...]
    is_new: bool


def import_file(
    name: str,
    data: bytes,
    *,
    actor: User,
    now: datetime,
    account: BankAccount | None = None,
    accept_because: str = "",
) -> Imported:
    """Import every statement of a file, or nothing.

    `account` is needed for CSV and checked for the others. `accept_because` takes a file in whose balances do
    not agree, with that reason on the trail. The same bytes again change nothing.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    known = _known(sha256)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _import(
                name, data, sha256, account=account, because=accept_because.strip(), actor=actor, now=now
            )
    except IntegrityError:
        # The same file was brought by somebody else in the same moment.
        known = _known(sha256)
        if known is None:
            raise
        return known


def _known(sha256: str) -> Imported | None:
    file = StatementFile.objects.filter(sha256=sha256).first()
    if file is None:
        return None
    return Imported(file, tuple(file.statements.order_by("pk")), is_new=False)


def _import(
    name: str,
    data: bytes,
    sha256: str,
    *,
    account: BankAccount | None,
    because: str,
    actor: User,
    now: datetime,
) -> Imported:
    layout = queries.layout_of(account) if account is not None else None
    found = reading.read(
        data,
        columns=layout,
        account=(account.iban or account.account_number) if account else "",
        currency=account.currency if account else "",
    )
    file = StatementFile.objects.create(
        name=name[:200],
        format=reading.detect(data),
        sha256=sha256,
        size=len(data),
        content=data,
        brought_by=actor,
        brought_at=now,
    )
    # One import of an account at a time: the gap to the statement before is read and written under the lock.
    ours = [(one, _account(one, account, actor)) for one in found]
    list(BankAccount.objects.select_for_update().filter(pk__in={pair[1].pk for pair in ours}).order_by("pk"))
    statements = [_write(one, our, file, because=because, actor=actor, now=now) for one, our in ours]
    return Imported(file, tuple(statements), is_new=True)


def _account(one: ReadStatement, chosen: BankAccount | None, actor: User) -> BankAccount:
    candidates = [
        account
        for account in queries.accounts_for(actor)
        if rules.same_account(one.account, account.iban)
        or rules.same_account(one.account, account.account_number)
    ]
    found = [account for account in candidates if account.currency == one.currency]
    if chosen is not None and chosen not in found:
        raise NotOurs(
            f"The file is of account {one.account} in {one.currency}, you chose {chosen}.",
            field="account",
            rule="a_statement_is_of_the_chosen_account",
            mend="Choose the account the file is of, or leave the choice to the file.",
        )
    if chosen is None and not found:
        raise NotOurs(
            f"No account of ours has the number {one.account or '-'} in {one.currency or '-'}.",
            field="account",
            rule="a_statement_is_of_our_account",
            mend="Enter the account under Settings, Companies; then import again.",
        )
    return chosen or found[0]


def _write(
    one: ReadStatement,
    account: BankAccount,
    file: StatementFile,
    *,
    because: str,
    actor: User,
    now: datetime,
) -> Statement:
    _refuse_inexact(one)
    since, until = _days(one)
    first = one.opening_on or since
    follows = queries.continued_by(account, first, one.opening)
    here = queries.keys_here(account, since, until)
    keys = rules.line_keys(one.lines, here=here if follows else ())
    known = here.intersection(keys)
    proof = rules.prove(one)
    gap = Decimal(0)
    if follows is None and len(known) < len(keys):
        # What is here already of an overlapping file begins that much before the closing we know.
        told = sum(
            (line.amount for line, key in zip(one.lines, keys, strict=True) if key in known), Decimal(0)
        )
        before = queries.statement_before(account, first)
        gap = rules.gap(before.closing if before else None, one.opening, told)
    _refuse_unproven(one, account, proof, gap, because)
    # Where nothing proves that it is another one, a line like one that is here waits for a person.
    doubt = set() if follows else queries.alike(account, since, until)
    statement = Statement.objects.create(
        file=file,
        account=account,
        number=one.number[:60],
        currency=one.currency,
        since=since,
        until=until,
        opening=one.opening,
        moved=proof.moved,
        closing=one.closing,
        gap=gap,
        proof=_proof(proof),
        accepted_because=because[:300] if (proof.difference or gap) else "",
        lines_read=len(one.lines),
        known=len(known),
        imported_by=actor,
        imported_at=now,
    )
    insert_rows(_lines(one, statement, keys, known, doubt))
    record(
        events.STATEMENT_IMPORTED,
        statement,
        actor=actor,
        at=now,
        account=account.pk,
        lines=len(one.lines),
        known=len(known),
        moved=proof.moved,
        difference=proof.difference,
        gap=gap,
        sha256=file.sha256,
        because=statement.accepted_because,
    )
    return statement


def _days(one: ReadStatement) -> tuple[date, date]:
    days = [line.booked_on for line in one.lines]
    days += [day for day in (one.opening_on, one.closing_on) if day is not None]
    if not days:
        raise BrokenFile(
            "The statement names no day.", line=one.line, rule="a_statement_has_days", mend="Export it again."
        )
    return min(days), max(days)


def _lines(
    one: ReadStatement,
    statement: Statement,
    keys: Sequence[str],
    known: set[str],
    doubt: set[tuple[date, Decimal]],
) -> list[Line]:
    return [
        Line(
            statement=statement,
            account_id=statement.account_id,
            place=place,
            key=key,
            booked_on=line.booked_on,
            valued_on=line.valued_on,
            amount=line.amount,
            currency=one.currency,
            text=line.text[:1000],
            party_name=line.party_name[:140],
            party_account=line.party_account.replace(" ", "")[:40],
            bank_reference=line.bank_reference[:80],
            end_to_end=line.end_to_end[:80],
            creditor_reference=line.creditor_reference[:80],
            is_return=line.is_return,
            **(_ASIDE if not line.amount else _DOUBT if (line.booked_on, line.amount) in doubt else {}),
        )
        for place, (line, key) in enumerate(zip(one.lines, keys, strict=True), start=1)
        if key not in known
    ]


def _proof(proof: rules.Proof) -> str:
    if not proof.stated:
        return Statement.Proof.UNSTATED
    return Statement.Proof.PROVEN if proof.holds else Statement.Proof.ACCEPTED


def _refuse_inexact(one: ReadStatement) -> None:
    balances = [(one.line, amount) for amount in (one.opening, one.closing) if amount is not None]
    for at, amount in [*((line.line, line.amount) for line in one.lines), *balances]:
        if not is_exact(amount, one.currency):
            raise BrokenFile(
                f"{amount} has more decimals than {one.currency} has.",
                line=at,
                rule="money_is_exact",
                mend="Ask the bank for the file again.",
            )


def _refuse_unproven(
    one: ReadStatement, account: BankAccount, proof: rules.Proof, gap: Decimal, because: str
) -> None:
    if because:
        return

    def said(amount: Decimal | None) -> str:
        return plain(amount or Decimal(0), one.currency)

    if proof.difference:
        raise NotProven(
            f"Opening {said(one.opening)} plus {len(one.lines)} lines of {said(proof.moved)} is "
            f"{said(proof.expected)}, but the bank states {said(one.closing)} {one.currency}: "
            f"{said(proof.difference)} is unexplained.",
            field="file",
            rule="opening_plus_lines_is_closing",
            mend="Lines are missing or changed: export it again. Or accept it, and say why.",
        )
    if gap:
        raise NotProven(
            f"{account} closed with {said((one.opening or Decimal(0)) - gap)} {one.currency} before, this "
            f"statement opens with {said(one.opening)}: {said(gap)} lies between.",
            field="file",
            rule="a_statement_follows_the_one_before",
            mend="Import the statement in between first. Or accept it, and say why.",
        )
