"""Statements for tests, written as a bank writes them."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape

OURS = "DE89370400440532013000"


def camt(
    *lines: tuple[str, str, str] | tuple[str, str, str, str],
    opening: str = "1000.00",
    closing: str | None = None,
    iban: str = OURS,
    currency: str = "EUR",
    day: str = "2026-11-16",
    number: str = "1",
    version: str = "08",
    references: bool = True,
) -> bytes:
    """A CAMT.053 of (amount, text, payer[, account]) lines; the closing balance adds up unless given."""
    total = Decimal(opening) + sum((Decimal(line[0]) for line in lines), Decimal(0))
    entries = "".join(
        _entry(line, place, number, currency, day, version, references=references)
        for place, line in enumerate(lines, start=1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>
<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{day}T18:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{day}T18:00:00Z</CreDtTm>
<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>
{_balance("OPBD", opening, currency, day)}
{_balance("CLBD", closing or str(total), currency, day)}
{entries}</Stmt></BkToCstmrStmt></Document>""".encode()


def _balance(kind: str, amount: str, currency: str, day: str) -> str:
    side = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _entry(line, place: int, number: str, currency: str, day: str, version: str, *, references: bool) -> str:
    amount, text, payer, account = (*line, "")[:4]
    came = not amount.startswith("-")
    side, status = ("Dbtr" if came else "Cdtr"), "BOOK" if version < "08" else "<Cd>BOOK</Cd>"
    name = f"<Nm>{escape(payer)}</Nm>" if version < "08" else f"<Pty><Nm>{escape(payer)}</Nm></Pty>"
    reference = f"<AcctSvcrRef>R{number}-{place}</AcctSvcrRef>" if references else ""
    paid_from = f"<{side}Acct><Id><IBAN>{account}</IBAN></Id></{side}Acct>" if account else ""
    return f"""<Ntry><Amt Ccy="{currency}">{amount.lstrip("-")}</Amt>
<CdtDbtInd>{"CRDT" if came else "DBIT"}</CdtDbtInd>
<Sts>{status}</Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{reference}
<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
<RltdPties><{side}>{name}</{side}>{paid_from}</RltdPties>
<RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""
