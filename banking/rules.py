"""What makes a bank statement believable, and what makes a line of it the same line."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from core.errors import Invalid

# What banks write where there is no reference.
_NO_REFERENCE = {"", "NONREF", "NOTPROVIDED", "NOTAVAILABLE", "NOREF", "0"}


class BrokenFile(Invalid):
    """The file is not what it should be. `line` counts from 1; the whole file is refused."""

    def __init__(self, message: str, *, line: int | None = None, rule: str, mend: str) -> None:
        where = f"Line {line}: " if line else ""
        super().__init__(f"{where}{message}", field="file", rule=rule, mend=mend)
        self.line = line


@dataclass(frozen=True)
class ReadLine:
    """One movement as the bank tells it. `amount` is signed: what arrived is positive."""

    line: int
    booked_on: date
    amount: Decimal
    valued_on: date | None = None
    bank_reference: str = ""
    end_to_end: str = ""
    creditor_reference: str = ""
    text: str = ""
    party_name: str = ""
    party_account: str = ""
    is_return: bool = False


@dataclass(frozen=True)
class ReadStatement:
    """One statement of one account. A balance the bank does not state is None."""

    line: int
    account: str
    currency: str
    number: str
    lines: tuple[ReadLine, ...]
    opening: Decimal | None = None
    opening_on: date | None = None
    closing: Decimal | None = None
    closing_on: date | None = None
    pending: int = 0
    keys: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Proof:
    """Opening + lines = closing. `stated` is False where the bank gives no two balances to compare."""

    moved: Decimal
    expected: Decimal | None
    difference: Decimal
    stated: bool

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the statement."""
        return not self.difference


def prove(statement: ReadStatement) -> Proof:
    """Add the lines to the opening balance and compare with the closing balance."""
    moved = sum((line.amount for line in statement.lines), Decimal(0))
    if statement.opening is None or statement.closing is None:
        return Proof(moved, None, Decimal(0), stated=False)
    expected = statement.opening + moved
    return Proof(moved, expected, statement.closing - expected, stated=True)


def gap(previous_closing: Decimal | None, opening: Decimal | None, known: Decimal = Decimal(0)) -> Decimal:
    """How far a statement's opening lies from the closing before it; 0 where either is unknown.

    `known` is the sum of its lines that are here already: it begins that much before the closing.
    """
    if previous_closing is None or opening is None:
        return Decimal(0)
    return opening + known - previous_closing


def is_reference(text: str) -> bool:
    """Whether a bank's reference names anything."""
    return text.strip().upper() not in _NO_REFERENCE


def line_keys(lines: Sequence[ReadLine], *, here: Collection[str] = ()) -> list[str]:
    """What makes each line itself on its account, also when another file repeats it.

    The bank's own reference with day and amount. Without one: day, amount and words, counted, so that two
    equal payments of a day stay two and the same file read again stays the same. Where a statement continues
    the one before, its lines cannot be that one's: the count goes on after the keys that are `here`.
    """
    seen: Counter[str] = Counter()
    before = Counter(key.rpartition("-")[0] for key in here)
    keys = []
    for line in lines:
        parts = [line.booked_on.isoformat(), str(line.amount.normalize())]
        named = is_reference(line.bank_reference)
        if named:
            parts += ["ref", line.bank_reference.strip()]
        else:
            parts += ["text", line.text, line.party_account, line.end_to_end]
        base = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]
        seen[base] += 1
        keys.append(f"{base}-{seen[base] + (0 if named else before[base])}")
    return keys


def same_account(stated: str, ours: str) -> bool:
    """Whether two spellings name one account: spaces, dashes and leading zeros do not count."""
    return bool(stated) and _plain(stated) == _plain(ours)


def _plain(number: str) -> str:
    return "".join(sign for sign in number.upper() if sign.isalnum()).lstrip("0")
