"""MT940 (SWIFT), read by the mt-940 library; what it passes over in silence is found and refused here."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import mt940

from banking.rules import BrokenFile, ReadLine, ReadStatement, is_reference

_TAG = re.compile(r"^:(\d{2}[A-Z]?):", re.MULTILINE)
_MEND = "Export the statement again as MT940 from your bank's portal."


def read(text: str) -> list[ReadStatement]:
    """Every message of the file, each from its :20: to the next one."""
    starts = [found.start() for found in _TAG.finditer(text) if found[1] == "20"]
    if not starts:
        raise BrokenFile(
            "No message begins here: the tag :20: is missing.",
            line=1,
            rule="the_file_is_a_bank_statement",
            mend=_MEND,
        )
    before = [found for found in _TAG.finditer(text[: starts[0]]) if found[1] == "61"]
    if before:
        raise _at(text, before[0].start(), "This line stands before the first message (:20:).")
    ends = [*starts[1:], len(text)]
    return [_message(text, start, end) for start, end in zip(starts, ends, strict=True)]


def _message(text: str, start: int, end: int) -> ReadStatement:
    part = text[start:end]
    first = text.count("\n", 0, start) + 1
    try:
        # All of its corrections: a reversal of a credit takes money, an account is no part of a name.
        found = mt940.parse(part, options=mt940.Options.all())
    except Exception as fault:
        # Of a number it only says the name of a Python class.
        why = "" if isinstance(fault, ArithmeticError) else f" ({fault})"
        raise BrokenFile(
            f"The message that begins here cannot be read{why}.",
            line=first,
            rule="the_file_is_whole",
            mend=_MEND,
        ) from fault
    tags = [(tag[1], text.count("\n", 0, start + tag.start()) + 1) for tag in _TAG.finditer(part)]
    lines = [line for tag, line in tags if tag == "61"]
    movements = [found_ for found_ in found.transactions if "amount" in found_.data]
    if len(movements) != len(lines):
        raise BrokenFile(
            f"{len(lines)} movements are listed, but only {len(movements)} can be read.",
            line=lines[0] if lines else first,
            rule="the_file_is_whole",
            mend=_MEND,
        )
    opening, closing = _balance(found.data, "opening"), _balance(found.data, "closing")
    account = str(found.data.get("account_identification") or "")
    if not account or opening is None or closing is None:
        lacking = "the account (:25:)" if not account else "an opening and a closing balance (:60F:, :62F:)"
        raise BrokenFile(
            f"The message lacks {lacking}.", line=first, rule="a_statement_states_its_balances", mend=_MEND
        )
    number = "/".join(
        str(found.data[name]) for name in ("statement_number", "sequence_number") if found.data.get(name)
    )
    currency = str(opening.amount.currency)
    if str(closing.amount.currency) != currency:
        raise BrokenFile(
            f"It opens in {currency} and closes in {closing.amount.currency}.",
            line=first,
            rule="a_statement_has_one_currency",
            mend=_MEND,
        )
    return ReadStatement(
        line=first,
        account=account.rpartition("/")[2] if "/" in account else account,
        currency=currency,
        number=number,
        lines=tuple(_line(row.data, at) for row, at in zip(movements, lines, strict=True)),
        opening=opening.amount.amount,
        opening_on=_plain(opening.date),
        closing=closing.amount.amount,
        closing_on=_plain(closing.date),
    )


def _line(data: dict[str, Any], at: int) -> ReadLine:
    amount = Decimal(data["amount"].amount)
    words = " ".join(
        str(data[name])
        for name in ("posting_text", "purpose", "additional_purpose", "transaction_details", "extra_details")
        if data.get(name)
    )
    end_to_end = str(data.get("end_to_end_reference") or "")
    customers = str(data.get("customer_reference") or "")
    if not end_to_end and is_reference(customers):
        end_to_end = customers
    return ReadLine(
        line=at,
        booked_on=_plain(data.get("entry_date") or data["date"]),
        valued_on=_plain(data["date"]),
        amount=amount,
        bank_reference=str(data.get("bank_reference") or ""),
        end_to_end=end_to_end if is_reference(end_to_end) else "",
        text=" ".join(words.split()),
        party_name=str(data.get("applicant_name") or ""),
        party_account=str(data.get("gvc_applicant_iban") or data.get("applicant_iban") or ""),
        is_return=str(data.get("status") or "").startswith("R"),
    )


def _balance(data: dict[str, Any], name: str) -> Any:
    """The final balance, or the intermediate one of a message that goes on."""
    for kind in ("final", "intermediate"):
        found = data.get(f"{kind}_{name}_balance")
        if found is not None and found.amount is not None:
            return found
    return None


def _plain(day: Any) -> date:
    return date(day.year, day.month, day.day)


def _at(text: str, position: int, message: str) -> BrokenFile:
    return BrokenFile(
        message, line=text.count("\n", 0, position) + 1, rule="the_file_is_a_bank_statement", mend=_MEND
    )
