"""Bringing in invoices another system issued: they keep number and dates and enter the book as of then.

They get no PDF, mail or reminder, and stand in a legacy series whose numbers may have gaps.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db import connection, transaction
from psycopg2.extras import execute_values

from core.errors import Refused
from core.rows import insert_rows
from customers.models import Customer
from entities.models import Entity, Series
from entities.operations import open_series
from entities.queries import Rate as DayRate
from invoices.events import INVOICE_IMPORTED
from invoices.models import Instalment, Invoice, Line, Snapshot, TaxGroup
from invoices.pricing import Book
from invoices.snapshots import Parts, sha256_of, snapshot_of
from ledger import operations as ledger
from ledger.models import OpenItem
from ledger.rules import Rate, issue
from policies.models import Policy, PolicyVersion
from policies.queries import PUBLISHED
from team.models import User
from trail.operations import Fact, record_all

LEGACY = "legacy"
_TAX_LABEL = "Tax not split"


class NoPolicyToPin(Refused):
    """The company has no published payment policy; every issued document stands under one."""


@dataclass(frozen=True)
class ImportedInvoice:
    """A document of another system. `amount` is what was asked for, all in; `key` names it for ever."""

    key: str
    number: str
    customer: Customer
    issued_on: date
    due_on: date
    amount: Decimal
    currency: str
    annotation: str = ""


@dataclass
class _Made:
    """A document being brought in, and its rows."""

    given: ImportedInvoice
    invoice: Invoice
    item: OpenItem
    line: Line
    group: TaxGroup
    part: Instalment


def lock_legacy_series(entity: Entity, *, actor: User | None, now: datetime) -> Series:
    """The series of imported invoices, locked: imports into one company queue up here."""
    wanted = {"entity": entity, "document_type": Invoice.Type.INVOICE, "code": LEGACY}
    if not Series.objects.filter(**wanted).exists():
        try:
            open_series(
                entity,
                document_type=Invoice.Type.INVOICE,
                fiscal_year=LEGACY,
                pattern="{N}",
                code=LEGACY,
                is_legacy=True,
                actor=actor,
                now=now,
            )
        except Refused:
            # Another import opened it in the same moment.
            return Series.objects.select_for_update().get(**wanted)
    return Series.objects.select_for_update().get(**wanted)


@transaction.atomic
def import_issued_invoices(
    entity: Entity,
    given: Sequence[ImportedInvoice],
    *,
    actor: User | None,
    now: datetime,
    book: Book | None = None,
) -> list[Invoice]:
    """Write issued invoices with their historical dates, in a fixed number of statements.

    The caller made sure that keys and numbers are new (under `lock_legacy_series`); the database holds it.
    """
    if not given:
        return []
    book = book or Book()
    policy = _policy_to_pin(entity)
    series = lock_legacy_series(entity, actor=actor, now=now)
    made = [_made(one, entity, policy, book, actor=actor, now=now) for one in given]
    insert_rows([one.invoice for one in made], page_size=500)
    for one in made:
        one.line.invoice_id = one.group.invoice_id = one.part.invoice_id = one.invoice.pk
    ledger.open_items([one.item for one in made])
    ledger.post([_posting(one, entity) for one in made], actor=actor, now=now)
    for one in made:
        one.part.open_item_id = one.item.pk
    insert_rows([one.line for one in made])
    insert_rows([one.group for one in made])
    insert_rows([one.part for one in made])
    _issue(made, series, actor)
    insert_rows([_snapshot(one, entity, policy, book) for one in made], page_size=500)
    record_all(
        INVOICE_IMPORTED,
        [
            Fact(
                one.invoice,
                {
                    "number": one.given.number,
                    "total": one.given.amount,
                    "currency": one.given.currency,
                    "on": one.given.issued_on,
                },
                one.given.customer.pk,
            )
            for one in made
        ],
        actor=actor,
        at=now,
    )
    return [one.invoice for one in made]


def _policy_to_pin(entity: Entity) -> PolicyVersion:
    """The company's oldest published text: what held before is not known here."""
    rows = PolicyVersion.objects.filter(status__in=PUBLISHED).select_related("policy")
    own = Policy.objects.filter(default_for=entity)
    found = rows.filter(policy__in=own).order_by("effective_from").first()
    if found is None:
        raise NoPolicyToPin(
            f"{entity} has no published payment policy.",
            field="entity",
            rule="an_issued_invoice_pins_a_policy",
            mend="Publish its default policy first.",
        )
    return found


def _made(
    one: ImportedInvoice,
    entity: Entity,
    policy: PolicyVersion,
    book: Book,
    *,
    actor: User | None,
    now: datetime,
) -> _Made:
    day: DayRate = book.rate(one.currency, entity, one.issued_on)
    books = Rate(one.currency, entity.functional_currency, day.rate)
    asked = dict.fromkeys(("lines_total", "net_total", "gross_total", "payable", "balance"), one.amount)
    invoice = Invoice(
        document_status=Invoice.Status.DRAFT,
        public_ref=secrets.token_hex(16),
        entity=entity,
        customer=one.customer,
        due_on=one.due_on,
        tax_point_on=one.issued_on,
        policy_version=policy,
        language=one.customer.language or entity.language,
        currency=one.currency,
        fx_rate=day.rate,
        fx_on=one.issued_on,
        fx_source=day.source,
        tax_rounding=entity.tax_rounding,
        payable_functional=books.convert(one.amount),
        annotation=one.annotation,
        is_imported=True,
        import_key=one.key,
        created_by=actor,
        created_at=now,
        edited_by=actor,
        edited_at=now,
        **asked,
    )
    item = OpenItem(
        entity_id=entity.pk,
        customer_id=one.customer.pk,
        side=OpenItem.Side.DEBIT,
        kind=OpenItem.Kind.INVOICE,
        reference=one.number,
        currency=one.currency,
        amount=one.amount,
        functional_amount=books.convert(one.amount),
        opened_on=one.issued_on,
        due_on=one.due_on,
    )
    line = Line(
        position=1,
        description=f"Invoice {one.number}, brought in as one amount",
        quantity=Decimal(1),
        unit="unit",
        unit_price=one.amount,
        net=one.amount,
        taxable=one.amount,
        category="O",
        exemption_reason=_TAX_LABEL,
    )
    group = TaxGroup(
        category="O", rate=Decimal(0), label=_TAX_LABEL, taxable=one.amount, tax=Decimal(0), reason=_TAX_LABEL
    )
    part = Instalment(number=1, due_on=one.due_on, reason="As on the original", amount=one.amount)
    return _Made(one, invoice, item, line, group, part)


def _posting(one: _Made, entity: Entity) -> ledger.Posting:
    invoice = one.invoice
    rate = Rate(invoice.currency, entity.functional_currency, invoice.fx_rate)
    return ledger.Posting(
        entity_id=entity.pk,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        on=one.given.issued_on,
        kind="invoice_issued",
        source=ledger.Source("invoice", invoice.pk, f"invoice:{invoice.pk}:issued"),
        text=f"Invoice {one.given.number}, imported"[:200],
        legs=issue(net=invoice.payable, taxes=[], instalments=[invoice.payable], rate=rate),
        items={"1": one.item},
    )


def _issue(made: Sequence[_Made], series: Series, actor: User | None) -> None:
    """Last, because from here on the rows are frozen."""
    first = series.next_number
    rows = [
        (
            one.invoice.pk,
            series.pk,
            first + place,
            one.given.number,
            one.given.issued_on,
            one.given.due_on,
            # Noon of that day; the hour it was issued at is not known.
            datetime.combine(one.given.issued_on, time(12), UTC),
            actor.pk if actor else None,
        )
        for place, one in enumerate(made)
    ]
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE invoices_invoice i SET document_status = 'issued', series_id = v.series,"
            " sequence = v.sequence, number = v.number, issued_on = v.issued_on, next_due_on = v.due_on,"
            " issued_at = v.issued_at, issued_by_id = v.issued_by, lock_version = lock_version + 1"
            " FROM (VALUES %s) v (id, series, sequence, number, issued_on, due_on, issued_at, issued_by)"
            " WHERE i.id = v.id",
            rows,
            template="(%s, %s, %s, %s, %s::date, %s::date, %s::timestamptz, %s::bigint)",
            page_size=2000,
        )
    series.next_number = first + len(made)
    series.last_issued_on = max(
        [one.given.issued_on for one in made] + ([series.last_issued_on] if series.last_issued_on else [])
    )
    series.save(update_fields=["next_number", "last_issued_on"])
    for place, one in enumerate(made):
        one.invoice.document_status = Invoice.Status.ISSUED
        one.invoice.series, one.invoice.sequence = series, first + place
        one.invoice.number, one.invoice.issued_on = one.given.number, one.given.issued_on


def _snapshot(one: _Made, entity: Entity, policy: PolicyVersion, book: Book) -> Snapshot:
    parts = Parts(
        invoice=one.invoice,
        lines=[one.line],
        groups=[one.group],
        instalments=[one.part],
        seller_numbers=[],
        bank=book.bank_account(entity, one.given.currency),
        buyer_address=None,
        delivery_address=None,
        buyer_numbers=[],
        policy=policy,
        clauses=None,
    )
    content = snapshot_of(parts, issued_on=one.given.issued_on, number=one.given.number)
    return Snapshot(invoice_id=one.invoice.pk, content=content, sha256=sha256_of(content))
