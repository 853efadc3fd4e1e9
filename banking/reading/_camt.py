"""CAMT.053 (ISO 20022), versions 2 to 13: the namespace changes, the parts read here keep their names."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from lxml import etree

from banking.rules import BrokenFile, ReadLine, ReadStatement, is_reference

_NAMESPACE = re.compile(r"^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d{2})$")
_AMOUNT = re.compile(r"\+?(\d+\.?\d*|\.\d+)", re.ASCII)
_MEND = "Export the statement again as CAMT.053 from your bank's portal."


def read(data: bytes) -> list[ReadStatement]:
    """Every `Stmt` of the file. A document type, an entity or another root is refused before that."""
    root = _parse(data)
    names = etree.QName(root)
    if names.localname != "Document" or not _NAMESPACE.match(names.namespace or ""):
        raise BrokenFile(
            f"This is {names.localname} of “{names.namespace}”, not a CAMT.053 statement.",
            line=_line_of(root),
            rule="the_file_is_a_bank_statement",
            mend=_MEND,
        )
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return [_statement(element) for element in root.findall("BkToCstmrStmt/Stmt")]


def _parse(data: bytes) -> etree._Element:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BrokenFile(
            "A bank statement has no document type and no entities.",
            rule="a_file_brings_no_entities",
            mend=_MEND,
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        # One inside an amount would end it.
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as fault:
        raise BrokenFile(
            f"The file is not whole: {fault.msg}.", line=fault.lineno, rule="the_file_is_whole", mend=_MEND
        ) from fault
    # Also one written in an encoding the search above does not see.
    if root.getroottree().docinfo.internalDTD is not None:
        raise BrokenFile(
            "A bank statement has no document type.", rule="a_file_brings_no_entities", mend=_MEND
        )
    return root


def _statement(element: etree._Element) -> ReadStatement:
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
    balances = {_text(found, "Tp/CdOrPrtry/Cd"): found for found in reversed(element.findall("Bal"))}
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    currency = _text(element, "Acct/Ccy") or _currency(opening) or _currency(closing)
    for balance in (opening, closing):
        if balance is not None and _currency(balance) != currency:
            raise BrokenFile(
                f"The account is in {currency}, but this balance is in {_currency(balance)}.",
                line=_line_of(balance),
                rule="a_statement_has_one_currency",
                mend="Ask the bank for the statement of this account alone.",
            )
    entries = [found for found in element.findall("Ntry") if _status(found) == "BOOK"]
    return ReadStatement(
        line=_line_of(element),
        account=account,
        currency=currency or (_currency(entries[0]) if entries else ""),
        number=_text(element, "LglSeqNb") or _text(element, "ElctrncSeqNb") or _text(element, "Id"),
        lines=tuple(line for entry in entries for line in _entry(entry, currency)),
        opening=_signed(opening) if opening is not None else None,
        opening_on=_day(opening, "Dt") if opening is not None else None,
        closing=_signed(closing) if closing is not None else None,
        closing_on=_day(closing, "Dt") if closing is not None else None,
        pending=len(element.findall("Ntry")) - len(entries),
    )


def _entry(entry: etree._Element, currency: str) -> list[ReadLine]:
    """The movements of one booking: a collective one is opened where its parts add up to it."""
    amount = _signed(entry, currency)
    details = entry.findall("NtryDtls/TxDtls")
    parts = [_part_amount(detail) for detail in details]
    sums_up = len(details) > 1 and None not in parts and sum(filter(None, parts)) == abs(amount)
    if not sums_up:
        return [_line(entry, details[0] if len(details) == 1 else None, amount, 0)]
    sign = 1 if amount > 0 else -1
    return [
        _line(entry, detail, sign * (part or Decimal(0)), number)
        for number, (detail, part) in enumerate(zip(details, parts, strict=True), start=1)
    ]


def _line(entry: etree._Element, detail: etree._Element | None, amount: Decimal, number: int) -> ReadLine:
    booked_on = _day(entry, "BookgDt") or _day(entry, "ValDt")
    if booked_on is None:
        raise BrokenFile("The booking has no day.", line=_line_of(entry), rule="a_line_has_a_day", mend=_MEND)
    reference = _text(entry, "AcctSvcrRef")
    # Money that came has a debtor, money that went a creditor.
    side = "Dbtr" if amount > 0 else "Cdtr"
    own = _text(detail, "Refs/AcctSvcrRef") if detail is not None else ""
    if own and own != reference:
        reference = own
    elif number and reference:
        reference = f"{reference}/{number}"
    end_to_end = _text(detail, "Refs/EndToEndId")
    return ReadLine(
        line=_line_of(entry),
        booked_on=booked_on,
        valued_on=_day(entry, "ValDt"),
        amount=amount,
        bank_reference=reference,
        end_to_end=end_to_end if is_reference(end_to_end) else "",
        creditor_reference=_text(detail, "RmtInf/Strd/CdtrRefInf/Ref"),
        text=_words(entry, detail),
        party_name=_text(detail, f"RltdPties/{side}/Nm") or _text(detail, f"RltdPties/{side}/Pty/Nm"),
        party_account=(
            _text(detail, f"RltdPties/{side}Acct/Id/IBAN")
            or _text(detail, f"RltdPties/{side}Acct/Id/Othr/Id")
        ),
        is_return=_text(entry, "RvslInd") == "true" or _text(detail, "RtrInf/Rsn/Cd") != "",
    )


def _words(entry: etree._Element, detail: etree._Element | None) -> str:
    found: list[str] = []
    if detail is not None:
        found += [(part.text or "").strip() for part in detail.findall("RmtInf/Ustrd")]
        found += [_text(detail, "AddtlTxInf")]
    found += [_text(entry, "AddtlNtryInf")]
    return " ".join(dict.fromkeys(part for part in found if part))


def _part_amount(detail: etree._Element) -> Decimal | None:
    # Version 2 states the part below AmtDtls, later ones beside it.
    for path in ("AmtDtls/TxAmt/Amt", "Amt"):
        found = detail.find(path)
        if found is not None:
            return _number(found)
    return None


def _signed(element: etree._Element, currency: str = "") -> Decimal:
    found = element.find("Amt")
    if found is None:
        raise BrokenFile(
            "An amount is missing.", line=_line_of(element), rule="a_line_has_an_amount", mend=_MEND
        )
    if currency and found.get("Ccy") != currency:
        raise BrokenFile(
            f"The account is in {currency}, but this booking is in {found.get('Ccy')}.",
            line=_line_of(found),
            rule="a_statement_has_one_currency",
            mend="Ask the bank for the booked amount in the account's currency.",
        )
    side = _text(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise BrokenFile(
            f"“{side}” is neither CRDT nor DBIT.",
            line=_line_of(element),
            rule="a_line_has_a_side",
            mend=_MEND,
        )
    return _number(found) if side == "CRDT" else -_number(found)


def _number(element: etree._Element) -> Decimal:
    text = (element.text or "").strip()
    if not _AMOUNT.fullmatch(text):
        raise BrokenFile(
            f"“{text[:40]}” is not an amount.",
            line=_line_of(element),
            rule="a_line_has_an_amount",
            mend=_MEND,
        )
    return Decimal(text)


def _currency(element: etree._Element | None) -> str:
    found = element.find("Amt") if element is not None else None
    return (found.get("Ccy") or "") if found is not None else ""


def _status(entry: etree._Element) -> str:
    return _text(entry, "Sts/Cd") or _text(entry, "Sts") or "BOOK"


def _day(element: etree._Element, path: str) -> date | None:
    text = _text(element, f"{path}/Dt") or _text(element, f"{path}/DtTm")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise BrokenFile(
            f"“{text}” is not a day.", line=_line_of(element), rule="a_line_has_a_day", mend=_MEND
        ) from None


def _text(element: etree._Element | None, path: str) -> str:
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def _line_of(element: etree._Element) -> int:
    """Where it stands in the file."""
    return int(str(element.sourceline))
