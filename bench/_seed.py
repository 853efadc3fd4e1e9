"""A company with any number of issued invoices, written by set-based SQL in seconds.

The rows are the ones issuing writes (invoice, line, tax group, instalment, open item, entry, lines,
snapshot, trail), so indexes and triggers see what they see in life; triggers that prove sums run too.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from catalogue.models import Item
from customers.models import Customer
from entities.models import Series
from invoices.models import Invoice
from policies.models import PolicyVersion
from team.models import User
from tests.world import World, make_world

NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
CHUNK = 50_000
_PEOPLE = {
    "clerk": "specialist",
    "lead": "lead",
    "controller": "controller",
    "director": "director",
    "cash": "cash_applier",
}

_CUSTOMERS = """
INSERT INTO customers_customer (number, name, legal_name, kind, status, status_reason, entity_id, country, state_code,
    is_sez, language, currency, delivery_channel, terms_override, insolvent, since, notes, created_at, lock_version)
SELECT 'B' || n, (ARRAY['Kestrel','Helios','Nordlys','Polder','Quintero','Verdier','Ferreira','Osaka'])[1 + n %% 8]
    || ' ' || (ARRAY['Robotics','Solar','Media','Energie','Alimentos','Logistics','Textiles','Precision'])[1 + n / 8 %% 8]
    || ' ' || n, '', 'business', 'active', '', %(entity)s, 'DE', '', false, '', '', '', '', false, '2024-01-01', '',
    '2024-01-01', 1
FROM generate_series(%(first)s, %(last)s) n
"""

_ADDRESSES = """
INSERT INTO customers_address (customer_id, kind, lines, postal_code, city, state_code, country, is_active)
SELECT id, 'billing', '["Werkstrasse 7"]', '28195', 'Bremen', '', 'DE', true FROM customers_customer c
WHERE NOT EXISTS (SELECT 1 FROM customers_address a WHERE a.customer_id = c.id)
"""

# Approved drafts of two lines; `annotation` carries the running number n.
_DRAFTS = """
WITH made AS (
    INSERT INTO invoices_invoice (document_type, document_status, public_ref, entity_id, customer_id,
        backdate_reason, terms, due_on, policy_version_id, po_number,
        buyer_reference, cost_centre, contract_reference, notes, language, currency, fx_rate, fx_on, fx_source,
        tax_rounding, discount_reason, charges, lines_total, allowance_total, charge_total, net_total, tax_total,
        gross_total, rounding, prepaid, prepaid_tax, payable, payable_functional, tax_functional, texts, credit_reason_code, credit_reason,
        checks, overrides, approved_hash, balance, held_amount, settlement_status, sending,
        annotation, is_imported, created_by_id, created_at, edited_by_id, edited_at, lock_version)
    SELECT 'invoice', 'approved', md5('bench' || n), %(entity)s, %(customer)s + n %% %(customers)s, '', 'NET 30',
        d.day + 30, %(policy)s, CASE WHEN n %% 3 = 0 THEN 'PO-' || n ELSE '' END, '', '', '', '', 'en', 'EUR', 1, d.day,
        '', 'group', '', '[]', a.net, 0, 0, a.net, a.net * 0.19, a.net * 1.19, 0, 0, 0, a.net * 1.19, a.net * 1.19,
        a.net * 0.19, '[]', '', '', '[]', '{}', '', 0, 0, 'open', 'not_sent', n::text, false, %(actor)s,
        d.day + time '08:00', %(actor)s, d.day + time '08:00', 1
    FROM generate_series(%(first)s, %(last)s) n,
        LATERAL (SELECT date '2024-11-01' + (n %% 740)::int AS day) d,
        LATERAL (SELECT (100 + (n::bigint * 7919) %% 9000)::numeric AS net) a
    RETURNING id, due_on, payable, net_total, tax_total
), line AS (
    INSERT INTO invoices_line (invoice_id, position, description, detail, quantity, unit, unit_price, base_quantity,
        discount, net, taxable, tax_class, kind, category, rate, tax, components, exemption_reason, vatex, hsn)
    SELECT m.id, p, 'Work package ' || p, '', 1, 'h', m.net_total / 2, 1, 0, m.net_total / 2, m.net_total / 2,
        'standard', 'service', 'S', 19, m.tax_total / 2, '{}', '', '', ''
    FROM made m, generate_series(1, 2) p
), tax AS (
    INSERT INTO invoices_taxgroup (invoice_id, category, rate, component, label, taxable, tax, tax_functional,
        reason, vatex)
    SELECT id, 'S', 19, '', 'VAT', net_total, tax_total, tax_total, '', '' FROM made
)
INSERT INTO invoices_instalment (invoice_id, number, due_on, reason, amount)
SELECT id, 1, due_on, '30 days', payable FROM made
"""

# Issuing them in SQL alone: every row an issue writes, and nothing decided on the way.
_ISSUE = (
    """
CREATE TEMP TABLE due ON COMMIT DROP AS
SELECT id, annotation::int AS n, 'BENCH-' || lpad(annotation, 7, '0') AS number, customer_id, entity_id, currency,
    fx_on AS issued_on, due_on, payable, net_total, tax_total
FROM invoices_invoice WHERE document_status = 'approved' AND annotation BETWEEN '0' AND '9999999'
""",
    """
WITH item AS (
    INSERT INTO ledger_openitem (entity_id, customer_id, side, kind, reference, currency, amount, functional_amount,
        open_amount, open_functional, held_amount, opened_on, due_on)
    SELECT entity_id, customer_id, 'debit', 'invoice', number, currency, payable, payable, payable, payable, 0,
        issued_on, due_on FROM due
    RETURNING id, reference
), entry AS (
    INSERT INTO ledger_entry (entity_id, "on", kind, source_type, source_id, key, text, posted_at, posted_by_id)
    SELECT entity_id, issued_on, 'invoice_issued', 'invoice', id, 'invoice:' || id || ':issued',
        'Invoice ' || number, now(), %(actor)s FROM due
    RETURNING id, source_id
), posted AS (
    INSERT INTO ledger_line (entry_id, account_id, customer_id, item_id, currency, amount, functional)
    SELECT e.id, l.account, CASE WHEN l.account = '1100' THEN m.customer_id END,
        CASE WHEN l.account = '1100' THEN i.id END, m.currency, l.amount, l.amount
    FROM due m JOIN entry e ON e.source_id = m.id JOIN item i ON i.reference = m.number,
        LATERAL (VALUES ('1100', m.payable), ('4000', -m.net_total), ('2200', -m.tax_total)) l (account, amount)
), frozen AS (
    INSERT INTO invoices_snapshot (invoice_id, content, sha256)
    SELECT id, jsonb_build_object('schema', 1, 'number', number, 'filler', %(filler)s), repeat('0', 64) FROM due
), made AS (
    INSERT INTO invoices_document (invoice_id, kind, state, stored_name, sha256, size, error)
    SELECT id, 'pdf', 'pending', '', '', 0, '' FROM due
), trail AS (
    INSERT INTO trail_entry (fact, object_pk, object_id, object_repr, action, changes_text, "timestamp",
        content_type_id, actor_id, actor_email, customer_key, additional_data)
    SELECT 'invoice.issued', id::text, id, number, 1, '', now(), %(kind)s, %(actor)s, '', customer_id,
        jsonb_build_object('number', number) FROM due
)
UPDATE invoices_instalment p SET open_item_id = i.id FROM due m, item i
WHERE p.invoice_id = m.id AND i.reference = m.number
""",
    """
UPDATE invoices_invoice v SET document_status = 'issued', series_id = %(series)s, sequence = d.n, number = d.number,
    issued_on = d.issued_on, issued_at = now(), issued_by_id = %(actor)s, next_due_on = v.due_on, balance = v.payable,
    lock_version = 2
FROM due d WHERE v.id = d.id
""",
)

# All but one in twelve are paid: a receipt each, allocated in full.
_PAID = """
WITH due AS (
    SELECT v.id, v.customer_id, v.entity_id, v.number, v.currency, v.payable, v.issued_on + 25 AS settled_on,
        p.open_item_id
    FROM invoices_invoice v JOIN invoices_instalment p ON p.invoice_id = v.id
    WHERE v.series_id = %(series)s AND v.sequence BETWEEN %(first)s AND %(last)s AND v.sequence %% 12 <> 0
), credit AS (
    INSERT INTO ledger_openitem (entity_id, customer_id, side, kind, reference, currency, amount, functional_amount,
        open_amount, open_functional, held_amount, opened_on)
    SELECT entity_id, customer_id, 'credit', 'receipt', 'R' || number, currency, payable, payable, 0, 0, 0, settled_on
    FROM due RETURNING id, reference
), paid AS (
    INSERT INTO payments_payment (entity_id, customer_id, state, method, received_on, currency, amount, fee, withheld,
        fx_rate, functional_amount, payer_name, payer_account, reference, note, open_item_id, bounce_reason,
        recorded_by_id, recorded_at)
    SELECT d.entity_id, d.customer_id, 'received', 'bank_transfer', d.settled_on, d.currency, d.payable, 0, 0, 1,
        d.payable, '', '', d.number, '', c.id, '', %(actor)s, now()
    FROM due d JOIN credit c ON c.reference = 'R' || d.number RETURNING id, reference
), entry AS (
    INSERT INTO ledger_entry (entity_id, "on", kind, source_type, source_id, key, text, posted_at, posted_by_id)
    SELECT d.entity_id, d.settled_on, 'payment', 'payment', d.id, 'bench:' || d.id, 'Receipt for ' || d.number, now(),
        %(actor)s FROM due d RETURNING id, source_id
), posted AS (
    INSERT INTO ledger_line (entry_id, account_id, customer_id, item_id, currency, amount, functional)
    SELECT e.id, l.account, CASE WHEN l.account = '1100' THEN d.customer_id END,
        CASE WHEN l.account = '1100' THEN d.open_item_id END, d.currency, l.amount, l.amount
    FROM due d JOIN entry e ON e.source_id = d.id,
        LATERAL (VALUES ('1000', d.payable), ('1100', -d.payable)) l (account, amount)
), used AS (
    INSERT INTO ledger_allocation (debit_id, credit_id, kind, currency, amount, functional, credit_functional, "on", entry_id)
    SELECT d.open_item_id, c.id, 'payment', d.currency, d.payable, d.payable, d.payable, d.settled_on, e.id
    FROM due d JOIN credit c ON c.reference = 'R' || d.number JOIN entry e ON e.source_id = d.id
), closed AS (
    UPDATE ledger_openitem i SET open_amount = 0, open_functional = 0 FROM due d WHERE i.id = d.open_item_id
)
UPDATE invoices_invoice v SET balance = 0, settlement_status = 'paid', settled_on = d.settled_on, next_due_on = NULL,
    sending = 'sent'
FROM due d WHERE v.id = d.id
"""


@dataclass
class Seeded:
    """The world of the benchmark and what it holds."""

    world: World
    customers: list[int]
    series: int
    invoices: int = 0


def seed_world(customers: int, *, clauses: dict[str, Any] | None = None) -> Seeded:
    """A company, its people and policy, and plain customers."""
    world = make_world(clauses=clauses)
    series = world.entity.series.create(
        document_type="invoice", code="bench", fiscal_year="2026", pattern="BENCH-{N:07}", next_number=1
    )
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS, {"entity": world.entity.pk, "first": 1, "last": customers})
        cursor.execute(_ADDRESSES)
    return Seeded(world, _plain_customers(), series.pk)


def reopen() -> Seeded | None:
    """What an earlier run left in the same folder (`--keep DIR`), or None in an empty database."""
    series = Series.objects.filter(pattern="BENCH-{N:07}").order_by("pk").first()
    if series is None:
        return None
    people = {name: User.objects.get(groups__name=role) for name, role in _PEOPLE.items()}
    world = World(
        entity=series.entity,
        customer=Customer.objects.exclude(number__startswith="B").earliest("pk"),
        item=Item.objects.earliest("pk"),
        policy=PolicyVersion.objects.earliest("pk"),
        **people,
    )
    return Seeded(world, _plain_customers(), series.pk, Invoice.objects.filter(series=series).count())


def _plain_customers() -> list[int]:
    found = Customer.objects.filter(number__startswith="B", created_by=None).order_by("pk")
    return list(found.values_list("pk", flat=True))


def add_invoices(seeded: Seeded, count: int, *, paid: bool = True, with_drafts: bool = False) -> float:
    """Issued invoices up to `count` in all, most of them paid; returns the seconds spent on issuing alone,
    or on writing the drafts too."""
    seconds = 0.0
    while seeded.invoices < count:
        given = _given(seeded, seeded.invoices + 1, min(seeded.invoices + CHUNK, count))
        began = time.perf_counter()
        _execute(_DRAFTS, given=given)
        began = began if with_drafts else time.perf_counter()
        _execute(*_ISSUE, given=given)
        seconds += time.perf_counter() - began
        if paid:
            with connection.cursor() as cursor:
                # Without fresh statistics the next statement joins 50,000 rows by nested loops.
                cursor.execute("ANALYZE invoices_invoice, invoices_instalment, ledger_openitem, ledger_entry")
            _execute(_PAID, given=given)
        seeded.invoices = given["last"]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE entities_series SET next_number = %s WHERE id = %s", [count + 1, seeded.series]
        )
        cursor.execute("VACUUM ANALYZE")
    return seconds


def _given(seeded: Seeded, first: int, last: int) -> dict[str, Any]:
    world = seeded.world
    return {
        "entity": world.entity.pk,
        "customer": seeded.customers[0],
        "customers": len(seeded.customers),
        "series": seeded.series,
        "policy": world.policy.pk,
        "actor": world.clerk.pk,
        "kind": ContentType.objects.get_for_model(Invoice).pk,
        # About as long as a snapshot, and as hard to compress.
        "filler": "".join(f"{n * 7919 % 65521:x} line of the document; " for n in range(80)),
        "first": first,
        "last": last,
    }


def _execute(*statements: str, given: dict[str, Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, given)
