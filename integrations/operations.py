"""Bringing receivables of another system in: the dry run and the import itself, in chunks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Upper

from core import sheets
from core.errors import DomainError
from customers.models import Customer
from customers.operations import add_customer
from entities.models import Entity
from entities.queries import local_day
from integrations.events import RECEIVABLES_IMPORTED
from integrations.receivables import Fault, Reader, Reading, Row, check_reading
from invoices import operations as invoices
from invoices.models import Invoice
from invoices.pricing import Book
from ledger.periods import closed_until
from payments.models import Payment
from payments.operations import Settlement, import_settlements
from team.models import User
from trail.operations import record

CHUNK = 500
KEPT_FAULTS = 1000
DISPUTED = "Disputed in the system it comes from"


@dataclass
class Outcome:
    """What an import did, or in a dry run would do. `owed`, `settled`: sums of new rows by currency.
    `new_customers`: number -> name of each that is added."""

    rows: int = 0
    new: int = 0
    known: int = 0
    new_customers: dict[str, str] = field(default_factory=dict)
    disputed: int = 0
    faulty: int = 0
    faults: list[Fault] = field(default_factory=list)
    owed: dict[str, Decimal] = field(default_factory=dict)
    settled: dict[str, Decimal] = field(default_factory=dict)

    def fail(self, faults: Sequence[Fault]) -> None:
        """Count a row with faults."""
        self.faulty += 1
        self.faults += faults[: max(0, KEPT_FAULTS - len(self.faults))]

    def take(self, row: Row) -> None:
        """Count a row that is new."""
        self.new += 1
        self.disputed += row.disputed
        sums = self.settled if row.settled_on else self.owed
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.amount

    def as_result(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "rows": self.rows,
            "new": self.new,
            "known": self.known,
            "new_customers": len(self.new_customers),
            "disputed": self.disputed,
            "faulty": self.faulty,
            "owed": {currency: str(amount) for currency, amount in sorted(self.owed.items())},
            "settled": {currency: str(amount) for currency, amount in sorted(self.settled.items())},
        }


@dataclass(frozen=True)
class _Sorted:
    """The rows of a chunk by what is to be done with them."""

    new: list[Row]
    known: int
    faults: list[Fault]


def try_receivables(path: Path, reading: Reading, entity: Entity, *, now: datetime) -> Outcome:
    """Read every row and say what an import would do. Nothing is written."""
    outcome = Outcome()
    for _, rows in _chunks(path, reading, entity, outcome, now):
        _count(_sort(rows, entity), outcome)
    return outcome


def import_receivables(
    path: Path,
    reading: Reading,
    entity: Entity,
    *,
    actor: User | None,
    now: datetime,
    after_chunk: Callable[[int, Sequence[Fault]], bool] = lambda _read, _faults: True,
) -> Outcome:
    """Bring the rows in, each chunk in a transaction of its own. Rows with faults are left out and named.

    Rows that are here already change nothing, so after a break the import is simply run again.
    `after_chunk` gets how many rows were read and their faults; False stops.
    """
    outcome = Outcome()
    book = Book()
    told = 0
    for read, rows in _chunks(path, reading, entity, outcome, now):
        _import_chunk(rows, entity, outcome, book, actor=actor, now=now)
        # What could not be read was noted before the chunk arrived here, and is told with it.
        fresh, told = outcome.faults[told:], len(outcome.faults)
        if not after_chunk(read, fresh):
            break
    record(RECEIVABLES_IMPORTED, entity, actor=actor, at=now, file=path.name, **outcome.as_result())
    return outcome


def _chunks(
    path: Path, reading: Reading, entity: Entity, outcome: Outcome, now: datetime
) -> Iterator[tuple[int, list[Row]]]:
    """(rows read, those that are sound) chunk by chunk; faulty ones are counted on the way."""
    sheet = sheets.open_sheet(path)
    check_reading(reading, sheet.columns)
    reader = Reader(reading, sheet.columns, local_day(entity, now))
    seen: dict[str, int] = {}
    lines = sheets.rows_of(sheet)
    while chunk := list(islice(lines, CHUNK)):
        rows = []
        for line, cells in chunk:
            outcome.rows += 1
            found = reader.read(line, cells)
            if isinstance(found, Row):
                earlier = seen.setdefault(found.number.upper(), line)
                if earlier != line:
                    found = [_doubled(found, earlier)]
            if isinstance(found, Row):
                rows.append(found)
            else:
                outcome.fail(found)
        yield len(chunk), rows


def _doubled(row: Row, earlier: int) -> Fault:
    words = f"{row.number} stands in line {earlier} already."
    return Fault(row.line, "number", row.number, words, "Remove one of the two.")


def key_of(entity: Entity, number: str) -> str:
    """What names an imported invoice for ever."""
    return f"receivables:{entity.pk}:{number.upper()}"


def _sort(rows: Sequence[Row], entity: Entity) -> _Sorted:
    """Compare with what is here: new, the same, or at odds with it. What is here is never overwritten."""
    keys = {key_of(entity, row.number): row for row in rows}
    here = {
        invoice.import_key: invoice
        for invoice in Invoice.objects.filter(import_key__in=keys).select_related("customer")
    }
    paid = dict(Payment.objects.filter(external_key__in=here).values_list("external_key", "received_on"))
    own = set(
        Invoice.objects.filter(entity=entity)
        .annotate(upper=Upper("number"))
        .filter(upper__in=[row.number.upper() for row in rows])
        .exclude(import_key__in=keys)
        .values_list("upper", flat=True)
    )
    new, known, faults = [], 0, []
    closed = closed_until(entity.pk)
    for key, row in keys.items():
        if key in here:
            different = _differences(row, here[key], paid.get(key))
            faults += different
            known += not different
        elif row.number.upper() in own:
            words = f"{row.number} is the number of a document issued here."
            faults.append(Fault(row.line, "number", row.number, words, "Import under another number."))
        elif closed is not None and row.issued_on <= closed:
            faults.append(_too_late(row, "issued_on", row.issued_on, closed))
        elif closed is not None and row.settled_on is not None and row.settled_on <= closed:
            faults.append(_too_late(row, "settled_on", row.settled_on, closed))
        else:
            new.append(row)
    return _Sorted(new, known, faults)


def _too_late(row: Row, field: str, on: date, closed: date) -> Fault:
    # The same words for every row, so that a year of closed months is one reason, not a thousand.
    words = f"The book is closed up to {closed}; a day until then takes no more postings."
    mend = "Import it before the month is closed, or have the month reopened under Ledger, Month end."
    return Fault(row.line, field, str(on), words, mend)


def _differences(row: Row, invoice: Invoice, paid_on: date | None) -> list[Fault]:
    pairs = (
        ("customer", row.customer, invoice.customer.number),
        ("issued_on", row.issued_on, invoice.issued_on),
        ("due_on", row.due_on, invoice.due_on),
        ("amount", row.amount, invoice.payable),
        ("currency", row.currency, invoice.currency),
        ("settled_on", row.settled_on, paid_on),
        ("disputed", row.disputed, invoice.annotation == DISPUTED),
    )
    different = [(name, now, then) for name, now, then in pairs if now != then]
    if not different:
        return []
    words = "; ".join(
        f"{name.replace('_', ' ')}: {_say(now)}, imported was {_say(then)}" for name, now, then in different
    )
    mend = "What is here stays. Record the difference by hand: a payment, a credit note."
    return [
        Fault(
            row.line,
            different[0][0],
            _say(different[0][1]),
            f"{row.number} was imported otherwise: {words}.",
            mend,
        )
    ]


def _say(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return "nothing" if value is None else str(value)


def _count(found: _Sorted, outcome: Outcome) -> None:
    outcome.known += found.known
    for fault in found.faults:
        outcome.fail([fault])
    numbers = {row.customer for row in found.new}
    there = set(Customer.objects.filter(number__in=numbers).values_list("number", flat=True))
    for row in found.new:
        if row.customer not in there:
            outcome.new_customers.setdefault(row.customer, _name_of(row))
    for row in found.new:
        outcome.take(row)


def _name_of(row: Row) -> str:
    return row.customer_name or f"Customer {row.customer}"


@transaction.atomic
def _import_chunk(
    rows: Sequence[Row], entity: Entity, outcome: Outcome, book: Book, *, actor: User | None, now: datetime
) -> None:
    # Locked before looking: a second import of the same file waits here and then finds everything done.
    invoices.lock_legacy_series(entity, actor=actor, now=now)
    found = _sort(rows, entity)
    payable, refused = _with_rates(found.new, entity, book)
    found = _Sorted(payable, found.known, [*found.faults, *refused])
    _count(found, outcome)
    customers = _customers(found.new, entity, actor=actor, now=now)
    made = invoices.import_issued_invoices(
        entity,
        [
            invoices.ImportedInvoice(
                key=key_of(entity, row.number),
                number=row.number,
                customer=customers[row.customer],
                issued_on=row.issued_on,
                due_on=row.due_on,
                amount=row.amount,
                currency=row.currency,
                annotation=DISPUTED if row.disputed else "",
            )
            for row in found.new
        ],
        actor=actor,
        now=now,
        book=book,
    )
    pairs = list(zip(found.new, made, strict=True))
    import_settlements(
        entity,
        [
            Settlement(invoice, row.settled_on, key_of(entity, row.number))
            for row, invoice in pairs
            if row.settled_on
        ],
        actor=actor,
        now=now,
        find_rate=lambda currency, _functional, on: book.rate(currency, entity, on).rate,
    )
    for row, invoice in pairs:
        if row.disputed and not row.settled_on:
            # By hand: the dispute itself stayed in the system it comes from, and a person ends the hold.
            invoices.hold(invoice, row.amount, reason=DISPUTED, actor=actor, now=now)


def _with_rates(rows: Sequence[Row], entity: Entity, book: Book) -> tuple[list[Row], list[Fault]]:
    """Rows whose exchange rates are known; the others with the reason."""
    kept, faults = [], []
    for row in rows:
        try:
            for on in filter(None, (row.issued_on, row.settled_on)):
                book.rate(row.currency, entity, on)
            kept.append(row)
        except DomainError as refusal:
            faults.append(Fault(row.line, "currency", row.currency, refusal.message, refusal.mend or ""))
    return kept, faults


def _customers(
    rows: Sequence[Row], entity: Entity, *, actor: User | None, now: datetime
) -> dict[str, Customer]:
    """The customers of the rows by number; those not known yet are added."""
    known = {
        customer.number: customer
        for customer in Customer.objects.filter(number__in={row.customer for row in rows})
    }
    for row in rows:
        if row.customer not in known:
            known[row.customer] = add_customer(
                entity=entity,
                number=row.customer,
                name=_name_of(row),
                country=row.country or entity.country,
                currency=row.currency if row.currency != entity.functional_currency else "",
                since=row.issued_on,
                notes="Brought in with its receivables.",
                actor=actor,
                now=now,
            )
    return known
