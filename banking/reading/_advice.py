"""A remittance advice as CSV: one line per invoice of a payment, with what was deducted and why."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path

from core.cells import guess_decimal, read_amount
from core.errors import Invalid, Problem, problem
from core.sheets import Sheet, open_sheet, rows_of

# Field -> (label, whether a file must have it, headings it is known by without being told).
ADVICE_FIELDS: Mapping[str, tuple[str, bool, frozenset[str]]] = {
    "invoice": (
        "Invoice number", True,
        frozenset({"invoice", "invoiceno", "invoicenumber", "documentno", "documentnumber", "ourinvoice",
                   "rechnung", "rechnungsnummer", "belegnummer", "facture", "numerofacture"}),
    ),
    "amount": (
        "Amount paid", True,
        frozenset({"amount", "amountpaid", "paidamount", "paid", "netamount", "payment amount", "betrag",
                   "zahlbetrag", "montant", "montantpaye"}),
    ),
    "deduction": ("Deducted", False, frozenset({"deduction", "deducted", "discount", "abzug", "skonto"})),
    "reason": ("Why deducted", False, frozenset({"reason", "deductionreason", "comment", "grund", "motif"})),
    "payment": (
        "Reference of the payment", False,
        frozenset({"payment", "paymentreference", "paymentref", "paymentno", "zahlung", "zahlungsreferenz"}),
    ),
}  # fmt: skip
_MOST_FAULTS = 50
MOST_INVOICES = 20_000


@dataclass(frozen=True)
class AdviceLine:
    """One invoice of one payment, as the payer lists it. `line` counts from 1, headings included."""

    line: int
    invoice: str
    amount: Decimal
    deduction: Decimal = Decimal(0)
    reason: str = ""
    payment: str = ""


def read_advice(
    data: bytes, columns: Mapping[str, str], decimal: str = ""
) -> tuple[list[AdviceLine], dict[str, str]]:
    """The lines, and which heading was taken for which field; `Invalid` lists every fault."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        sheet = open_sheet(Path(file.name))
        rows = list(islice(rows_of(sheet), MOST_INVOICES + 1))
    if len(rows) > MOST_INVOICES:
        raise Invalid(
            f"The file lists more than {MOST_INVOICES:,} invoices.",
            field="file",
            rule="a_file_is_of_a_size",
            mend="Split it by payment.",
        )
    chosen = _chosen(sheet, columns)
    places = {name: sheet.columns.index(head) for name, head in chosen.items()}
    amounts = [_without_spaces(cells[places["amount"]]) for _, cells in rows if len(cells) > places["amount"]]
    mark = decimal or _mark_of(amounts)
    faults: list[Problem] = []
    lines = [line for at, cells in rows if (line := _line(at, cells, places, mark, faults))]
    if not lines and not faults:
        faults.append(
            problem(
                "The file lists nothing.", field="file", rule="an_advice_lists_invoices", mend="Add lines."
            )
        )
    refuse(faults)
    return lines, chosen


def _mark_of(amounts: Sequence[str]) -> str:
    """The decimal mark the amounts show; refused where 1.234 may be a thousand or one and a bit."""
    both = [(read_amount(text, "."), read_amount(text, ",")) for text in amounts if text]
    unclear = next(
        (text for text in amounts if text and read_amount(text, ".") != read_amount(text, ",")), ""
    )
    if unclear and all(point is not None and comma is not None for point, comma in both):
        raise Invalid(
            f"“{unclear[:30]}” can be read in two ways, and no other amount says which.",
            field="decimal",
            rule="an_amount_is_read_in_one_way",
            mend="Choose the decimal mark, or write the amounts with their cents.",
        )
    return guess_decimal(amounts)


def refuse(faults: Sequence[Problem]) -> None:
    """Refuse the whole file where it has faults; each names its line and field."""
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise Invalid(
            f"{faults[0]['message']}{more}",
            field=faults[0]["field"],
            rule=faults[0]["rule"],
            mend=faults[0]["mend"],
            problems=faults[:_MOST_FAULTS],
        )


def _chosen(sheet: Sheet, columns: Mapping[str, str]) -> dict[str, str]:
    given = {name: head for name, head in columns.items() if head and name in ADVICE_FIELDS}
    wrong = [head for head in given.values() if head not in sheet.columns]
    for name, (_, _, known) in ADVICE_FIELDS.items():
        if name not in given:
            found = next((head for head in sheet.columns if _folded(head) in known), "")
            if found:
                given[name] = found
    lacking = [label for name, (label, needed, _) in ADVICE_FIELDS.items() if needed and name not in given]
    if wrong or lacking:
        raise Invalid(
            f"No column is called “{wrong[0]}”." if wrong else f"Line 1: say which column is “{lacking[0]}”.",
            field="columns",
            rule="columns_are_named",
            mend=f"The file has: {', '.join(sheet.columns)[:300]}.",
        )
    return given


def _line(
    at: int, cells: Sequence[str], places: Mapping[str, int], mark: str, faults: list[Problem]
) -> AdviceLine | None:
    given = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    if not any(given.values()):
        return None
    before = len(faults)
    if not given["invoice"]:
        faults.append(_fault(at, "invoice", "names no invoice", "Enter its number."))
    amount = read_amount(_without_spaces(given["amount"]), mark)
    if amount is None or amount <= 0:
        words = f"“{given['amount'][:30]}” is no amount above nothing with the mark “{mark}”"
        faults.append(_fault(at, "amount", words, "Correct it; leave credits out."))
    text = given.get("deduction", "")
    deduction = read_amount(_without_spaces(text), mark) if text else Decimal(0)
    if deduction is None:
        faults.append(
            _fault(at, "deduction", f"“{text[:30]}” is no amount", "Correct it, or leave it empty.")
        )
    if len(faults) > before or amount is None or deduction is None:
        return None
    return AdviceLine(
        at, given["invoice"][:60], amount, abs(deduction), given.get("reason", "")[:200],
        given.get("payment", "")[:80],
    )  # fmt: skip


def _without_spaces(text: str) -> str:
    """Thousands are also grouped by spaces, those that break no line among them."""
    return "".join(text.split())


def _fault(at: int, field: str, message: str, mend: str) -> Problem:
    label = ADVICE_FIELDS[field][0]
    return problem(
        f"Line {at}, {label}: {message}.",
        field=f"lines[{at}].{field}",
        rule="an_advice_line_is_whole",
        mend=mend,
    )


def line_fault(line: AdviceLine, field: str, message: str, mend: str) -> Problem:
    """What is wrong with a line that can be read."""
    return _fault(line.line, field, message, mend)


def _folded(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())
