"""The bank's files of last week and yesterday: payers quote numbers, slip, pay short, or say nothing."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from banking import operations
from core.money import round_money
from entities.models import BankAccount, Entity
from entities.queries import local_day
from invoices.models import Instalment
from team.models import User

_OPENING = Decimal("412806.14")


def bring_statements(cash: User, now: datetime) -> None:
    """A week ago a statement whose lines are all done, and yesterday's, with lines that wait for somebody."""
    entity = Entity.objects.get(code="NWE")
    account = entity.bank_accounts.get(currency="EUR", is_active=True)
    chance = random.Random("the bank")  # noqa: S311 (a demo's figures)
    today = local_day(entity, now)
    open_now = list(
        Instalment.objects.filter(
            open_item__entity=entity,
            open_item__currency="EUR",
            open_item__open_amount__gt=0,
            open_item__held_amount=0,
        )
        .select_related("invoice__customer", "open_item")
        .order_by("invoice__number")
    )
    chance.shuffle(open_now)
    week = [_line(part, "plain", chance) for part in open_now[:6]]
    kinds = ["plain", "plain", "slip", "bare", "short", "silent", "part", "stranger", "fee", "own"]
    fresh = [_line(part, kind, chance) for part, kind in zip(open_now[6:], kinds, strict=False)]
    opening = _OPENING
    if announced := open_now[16:18]:
        _bring_advice(entity, announced, cash, now)
    for day, number, lines in ((today - timedelta(days=8), 46, week), (today - timedelta(days=1), 47, fresh)):
        file, opening = _camt(account, day, number, opening, lines)
        done = operations.import_file(f"{account.iban[-4:]}-{day:%Y%m%d}.xml", file, actor=cash, now=now)
        for statement in done.statements:
            operations.match_statement(statement, actor=cash, now=now)


def _bring_advice(entity: Entity, parts: list[Instalment], cash: User, now: datetime) -> None:
    """Somebody announced a payment that has not come yet, and deducts a little of its last invoice."""
    rows = ["Invoice,Amount,Deduction,Reason,Payment"]
    for place, part in enumerate(parts):
        assert part.open_item is not None  # noqa: S101 (issued invoices have one)
        less = Decimal("25.00") if place and part.open_item.open_amount > 100 else Decimal(0)
        paid = round_money(part.open_item.open_amount - less, "EUR")
        rows.append(f"{part.invoice.number},{paid},{less or ''},{'Packaging' if less else ''},P-{place + 1}")
    data = "\n".join(rows).encode()
    operations.import_remittance(entity, "advice-november.csv", data, actor=cash, now=now, decimal=".")


def _line(part: Instalment, kind: str, chance: random.Random) -> tuple[Decimal, str, str]:
    """(amount, text, payer): how somebody pays this."""
    number, payer = str(part.invoice.number), str(part.invoice.customer.name)
    assert part.open_item is not None  # noqa: S101 (issued invoices have one)
    amount = part.open_item.open_amount
    at = len(number) - 2
    said: dict[str, tuple[Decimal, str, str]] = {
        "slip": (amount, f"Invoice {number[:at]}{number[at + 1]}{number[at]}", payer),
        "bare": (amount, "".join(sign for sign in number if sign.isdigit()), payer.upper()),
        "short": (amount - Decimal("12.50"), f"Re {number} less charges", payer),
        "silent": (amount, "With thanks", payer),
        "part": (round_money(amount * 2 / 5, "EUR"), f"{number} first part, the rest next month", payer),
        "stranger": (Decimal("1284.60"), "PAGO", "M. Quintero"),
        "fee": (Decimal("-42.90"), "Account fee of the quarter", "Liffey Bank"),
        "own": (Decimal("-25000.00"), "Transfer to payroll account", "Northwind Energy"),
        "plain": (amount, chance.choice([number, f"Invoice {number}", f"Your bill {number.lower()}"]), payer),
    }
    return said[kind]


def _camt(
    account: BankAccount, day: date, number: int, opening: Decimal, lines: list[tuple[Decimal, str, str]]
) -> tuple[bytes, Decimal]:
    closing = opening + sum((amount for amount, _, _ in lines), Decimal(0))
    entries = "".join(_entry(day, number, place, line) for place, line in enumerate(lines, start=1))
    return (
        (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            f"<GrpHdr><MsgId>{day:%Y%m%d}</MsgId><CreDtTm>{day}T22:00:00Z</CreDtTm></GrpHdr>"
            f"<Stmt><Id>{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{day}T22:00:00Z</CreDtTm>"
            f"<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
            f"{_balance('OPBD', opening, day)}{_balance('CLBD', closing, day)}{entries}"
            "</Stmt></BkToCstmrStmt></Document>"
        ).encode(),
        closing,
    )


def _balance(kind: str, amount: Decimal, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount:.2f}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(day: date, number: int, place: int, line: tuple[Decimal, str, str]) -> str:
    amount, text, payer = line
    came = amount > 0
    side = "Dbtr" if came else "Cdtr"
    return (
        f"<Ntry><Amt Ccy='EUR'>{abs(amount):.2f}</Amt><CdtDbtInd>{'CRDT' if came else 'DBIT'}</CdtDbtInd>"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{number}-{place:04d}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><{side}><Pty>"
        f"<Nm>{escape(payer)}</Nm></Pty></{side}></RltdPties><RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>"
    )
