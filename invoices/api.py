"""Invoices over the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from celery import current_app
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers

from catalogue.models import Item
from catalogue.queries import price_of
from core.errors import Invalid, Refused
from core.rest import versions
from core.rest.fields import Amount, Day, Query
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from correspondence.links import INVOICE, links_of, revoke_link
from correspondence.models import PublicLink
from customers import queries as customers
from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from invoices import operations, queries
from invoices.api_shapes import (
    ApproveIn,
    ChecksOut,
    CreditIn,
    DepositsIn,
    DraftEdit,
    DraftIn,
    DraftPut,
    GatherIn,
    InvoiceDetailOut,
    InvoiceOut,
    LinkOut,
    ReasonIn,
    SendIn,
)
from invoices.inputs import ChargeInput, DraftInput, LineInput
from invoices.models import Document, Invoice
from team.endpoints import Call, act

VIEW, EDIT = "invoices.view_invoice", "invoices.edit_invoice"
_RETRY_SECONDS = 2
_NOT_OF_THE_DRAFT = ("external_id", "expected_total", "document_type")
_AN_INVOICE = {
    "entity": "DE1",
    "customer": 1042,
    "external_id": "order-7781/2026-11",
    "po_number": "4500012345",
    "lines": [
        {"item": "CONS-1", "quantity": "8"},
        {"description": "Travel", "quantity": "1", "unit_price": "240.00"},
    ],
    "expected_total": "1428.00",
}


class InvoicesQuery(Query):
    """Narrowing the list of invoices."""

    q = serializers.CharField(required=False, max_length=100, help_text="Number, customer, order or amount.")
    status = serializers.ChoiceField([name for name in queries.TABS if name], required=False)
    entity = serializers.CharField(required=False, max_length=12, help_text="Code of a company.")
    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    currency = serializers.CharField(required=False, max_length=3)
    issued_from = Day(required=False)
    issued_to = Day(required=False)
    due_from = Day(required=False)
    due_to = Day(required=False)
    external_id = serializers.CharField(required=False, max_length=60)
    sort = serializers.ChoiceField(
        ["issued", "-issued", "due", "-due", "edited", "-edited", "amount", "-amount"],
        required=False,
        help_text="Drafts sort by edited, owed ones by due; all by amount.",
    )


# ----------------------------------------------------------------------------------------------- reading
@act("GET", VIEW, answers=InvoiceOut, query=InvoicesQuery, paged=True)
def list_invoices(request: Call, query: dict[str, Any]) -> Listing:
    """Invoices and credit notes. Discarded drafts are left out."""
    wanted = dict(query)
    sort, external = wanted.pop("sort", ""), wanted.pop("external_id", "")
    entity = _entity(request, wanted["entity"]) if "entity" in wanted else None
    wanted["entity"] = entity.pk if entity else None
    filters = queries.Filters(today=timezone.localdate(), **wanted)
    sorts = queries.sorts_of(filters.status)
    if sort and sort.lstrip("-") not in sorts:
        raise Invalid(
            f"This list is not sorted by {sort.lstrip('-')}.",
            field="sort",
            rule="sort_order_is_known",
            mend=f"Use one of {', '.join(sorts)}.",
        )
    rows = queries.listing(request.user, filters)
    if external:
        seen = entities.visible_to(request.user).values_list("pk", flat=True)
        rows = rows.filter(import_key__in=[operations.external_key(pk, external) for pk in seen])
    return Listing(rows, sort or queries.default_sort(filters.status), sorts)


@act("GET", VIEW, answers=InvoiceDetailOut)
def get_invoice(request: Call, pk: int) -> Invoice:
    """One document with lines, tax groups, instalments and what the last check found."""
    return _shown(request, pk)


@act("GET", VIEW, answers=ChecksOut)
def check_invoice(request: Call, pk: int) -> dict[str, Any]:
    """What would stop or warn the document today. Changes nothing.

    `block` stops it, `confirm` stops it until `overrides` gives a reason for the rule, `warn` and `info` are
    only said. Of an issued document: what was found then.
    """
    invoice = _invoice(request, pk)
    if invoice.is_issued:
        return {"items": [row for row in invoice.checks if "rule" in row]}
    findings, _ = operations.check_invoice(invoice, today=entities.local_day(invoice.entity, timezone.now()))
    return {"items": findings}


@act("GET", VIEW, files="application/pdf")
def get_pdf(request: Call, pk: int) -> HttpResponseBase:
    """The PDF of an issued document.

    While it is being made the answer is 202 with Retry-After.
    """
    invoice = _invoice(request, pk)
    if not invoice.is_issued:
        raise Refused(
            f"{invoice} is not issued, so there is no document yet.",
            rule="a_document_is_made_of_the_snapshot",
            mend="Issue it first.",
        )
    document = invoice.documents.filter(kind="pdf").first()
    if document and document.state == Document.State.READY and default_storage.exists(document.stored_name):
        return _file(invoice, document)
    # Asked for once in a while, however often the client looks.
    if cache.add(f"api-pdf:{invoice.pk}", 1, timeout=30):
        current_app.send_task("invoices.tasks.render_document", kwargs={"invoice_id": invoice.pk})
    return HttpResponse(status=202, headers={"Retry-After": str(_RETRY_SECONDS)})


@act("GET", "correspondence.manage_link", answers=LinkOut, paged=True)
def list_links(request: Call, pk: int) -> Listing:
    """The customer's links to the document. Their addresses are secrets of the mails they were sent in."""
    links = links_of(_invoice(request, pk)).filter(purpose=INVOICE).order_by()
    return Listing(links, "-id", {"id": "id"})


@act("POST", "correspondence.manage_link", answers=LinkOut)
def close_link(request: Call, pk: int, link: int) -> PublicLink:
    """Close a link at once."""
    row = at_address(links_of(_invoice(request, pk)).filter(purpose=INVOICE), pk=link)
    return revoke_link(row, actor=request.user, now=timezone.now())


# ------------------------------------------------------------------------------------------------ drafts
@act(
    "POST",
    EDIT,
    takes=DraftIn,
    answers=InvoiceDetailOut,
    status=201,
    key="needed",
    at="invoice",
    examples={"Two lines": _AN_INVOICE},
)
@transaction.atomic
def create_invoice(request: Call, data: dict[str, Any]) -> Invoice:
    """Write a draft.

    Totals, taxes and due dates follow from the lines, seller, buyer and day; they are no fields.
    `expected_total` is compared with what is payable and refuses the draft when it differs. `external_id`
    names what is billed (order, contract and period): the same one again is refused with 409, whatever the
    Idempotency-Key.
    """
    customer = _customer(request, data.pop("customer"))
    entity = _entity(request, data.pop("entity")) if "entity" in data else customer.entity
    plain = {name: data.pop(name, "") for name in _NOT_OF_THE_DRAFT}
    draft = _draft(DraftInput(entity, customer, ()), data, now := timezone.now())
    invoice = operations.write_draft(
        draft,
        actor=request.user,
        now=now,
        external_id=plain["external_id"],
        document_type=plain["document_type"] or Invoice.Type.INVOICE,
    )
    _refuse_other_total(invoice, plain["expected_total"])
    return _shown(request, invoice.pk)


@act("PUT", EDIT, takes=DraftPut, answers=InvoiceDetailOut, edits=True)
def replace_draft(request: Call, data: dict[str, Any], pk: int, version: int) -> Invoice:
    """Replace what a draft says. What is left out is empty. Approvals of the former text are void."""
    invoice = _invoice(request, pk)
    base = DraftInput(invoice.entity, invoice.customer, ())
    return _edit(request, invoice, base, data, version)


@act("PATCH", EDIT, takes=DraftEdit, answers=InvoiceDetailOut, edits=True)
def edit_draft(request: Call, data: dict[str, Any], pk: int, version: int) -> Invoice:
    """Change parts of a draft. Fields left out stay; `lines` are replaced as a whole."""
    invoice = _invoice(request, pk)
    return _edit(request, invoice, operations.as_input(invoice), data, version)


@transaction.atomic
def _edit(request: Call, invoice: Invoice, base: DraftInput, data: dict[str, Any], version: int) -> Invoice:
    given = dict(data)
    expected = given.pop("expected_total", None)
    if "customer" in given:
        base = replace(base, customer=_customer(request, given.pop("customer")))
    if "entity" in given:
        base = replace(base, entity=_entity(request, given.pop("entity")))
    now = timezone.now()
    invoice = operations.edit_draft(
        invoice,
        _draft(base, given, now),
        actor=request.user,
        now=now,
        expected_version=version,
    )
    _refuse_other_total(invoice, expected)
    return _shown(request, invoice.pk)


@act("POST", EDIT, answers=InvoiceDetailOut)
def discard_draft(request: Call, pk: int) -> Invoice:
    """Throw a draft away."""
    operations.discard_draft(_invoice(request, pk), actor=request.user, now=timezone.now())
    return _shown(request, pk)


@act("POST", EDIT, takes=ReasonIn, answers=InvoiceDetailOut)
def reopen_draft(request: Call, data: dict[str, Any], pk: int) -> Invoice:
    """Take a submitted or approved document back to draft."""
    operations.reopen_draft(_invoice(request, pk), actor=request.user, now=timezone.now(), **data)
    return _shown(request, pk)


# ------------------------------------------------------------------------------------- approval and issue
@act("POST", EDIT, answers=InvoiceDetailOut)
def submit_invoice(request: Call, pk: int) -> Invoice:
    """Check a draft and ask for approval; a small, unremarkable one is approved at once.

    With If-Match only the version you have seen is submitted.
    """
    operations.submit_invoice(
        _invoice(request, pk),
        actor=request.user,
        now=timezone.now(),
        expected_version=versions.expected(request),
    )
    return _shown(request, pk)


@act("POST", "work.decide_approval", takes=ApproveIn, answers=InvoiceDetailOut)
def approve_invoice(request: Call, data: dict[str, Any], pk: int) -> Invoice:
    """Say yes to exactly what was submitted.

    Every key of `approval.flags` stands in `confirmed`. Its author cannot approve, whatever the key.
    """
    invoice = _invoice(request, pk)
    operations.approve_invoice(invoice, actor=request.user, now=timezone.now(), **data)
    return _shown(request, pk)


@act("POST", "work.decide_approval", takes=ReasonIn, answers=InvoiceDetailOut)
def reject_invoice(request: Call, data: dict[str, Any], pk: int) -> Invoice:
    """Say no, with the reason its author needs."""
    invoice = _invoice(request, pk)
    operations.reject_invoice(invoice, actor=request.user, now=timezone.now(), reason=data.get("reason", ""))
    return _shown(request, pk)


@act("POST", "invoices.issue_invoice", answers=InvoiceDetailOut)
def issue_invoice(request: Call, pk: int) -> Invoice:
    """Number, date and freeze an approved document. From here on it is credited, never edited."""
    operations.issue_invoice(_invoice(request, pk), actor=request.user, now=timezone.now())
    return _shown(request, pk)


@act("POST", "correspondence.send_message", takes=SendIn, answers=InvoiceDetailOut)
def send_invoice(request: Call, data: dict[str, Any], pk: int) -> Invoice:
    """Send an issued document to the customer's contacts. A worker writes the mail."""
    operations.send_invoice(
        _invoice(request, pk), actor=request.user, now=timezone.now(), again=data["again"]
    )
    return _shown(request, pk)


@act(
    "POST",
    "invoices.credit_invoice",
    takes=CreditIn,
    answers=InvoiceDetailOut,
    status=201,
    key="needed",
    at="invoice",
)
def credit_invoice(request: Call, data: dict[str, Any], pk: int) -> Invoice:
    """Write a credit note, as a draft, for lines of an issued invoice, or for all that is left of it.

    Without `lines` everything is credited. `net` is the amount before tax; charges of the document have the
    positions -1, -2 ... Tax is the invoice's own.
    """
    invoice = _invoice(request, pk)
    why: dict[str, Any] = {"reason_code": data["reason_code"], "reason": data["reason"]}
    why |= {"actor": request.user, "now": timezone.now()}
    if "lines" not in data:
        note = operations.credit_in_full(invoice, **why)
    else:
        note = operations.write_credit_note(invoice, _wanted(data["lines"]), **why)
    return _shown(request, note.pk)


# ------------------------------------------------------------------------------- made from other documents
@act("POST", EDIT, answers=InvoiceDetailOut, status=201, key="needed", at="invoice")
def copy_invoice(request: Call, pk: int) -> Invoice:
    """Write a draft that bills the same again.

    Its periods move on by as many months as passed, at least one; prices that were the list's then are the
    list's of today. Look at `check` for what has to be settled.
    """
    made = operations.copy_forward(_invoice(request, pk), actor=request.user, now=timezone.now())
    return _shown(request, made.invoice.pk)


@act("POST", EDIT, answers=InvoiceDetailOut, status=201, key="needed", at="invoice")
def convert_invoice(request: Call, pk: int) -> Invoice:
    """Write the draft of the invoice that an issued pro-forma announced. There is one."""
    made = operations.invoice_of_proforma(_invoice(request, pk), actor=request.user, now=timezone.now())
    return _shown(request, made.pk)


@act("POST", EDIT, answers=InvoiceDetailOut, status=201, key="needed", at="invoice")
def write_final_invoice(request: Call, pk: int) -> Invoice:
    """Write the draft of the final invoice of an issued deposit, which it takes off; edit its lines next."""
    made = operations.write_final_invoice(_invoice(request, pk), actor=request.user, now=timezone.now())
    return _shown(request, made.pk)


@act("POST", EDIT, takes=DepositsIn, answers=InvoiceDetailOut)
def deduct_deposits(request: Call, data: dict[str, Any], pk: int) -> Invoice:
    """Set which deposits of its customer a draft takes off, instead of those before. Each goes once."""
    deposits = [_named(request, one, "deposits") for one in dict.fromkeys(data["deposits"])]
    operations.deduct_deposits(_invoice(request, pk), deposits, actor=request.user, now=timezone.now())
    return _shown(request, pk)


@act("POST", EDIT, takes=GatherIn, answers=InvoiceDetailOut, status=201, key="needed", at="invoice")
def gather_drafts(request: Call, data: dict[str, Any]) -> Invoice:
    """Write one draft with the lines of several of one customer; they are discarded."""
    drafts = [_named(request, one, "invoices") for one in dict.fromkeys(data["invoices"])]
    made = operations.gather_drafts(drafts, actor=request.user, now=timezone.now())
    return _shown(request, made.pk)


# --------------------------------------------------------------------------------------------- from here
def _rows(request: Call) -> QuerySet[Invoice]:
    return queries.visible_to(request.user).select_related("entity", "customer")


def _invoice(request: Call, pk: int) -> Invoice:
    return at_address(_rows(request), pk=pk)


def _named(request: Call, pk: int, field: str) -> Invoice:
    return named(_rows(request), field=field, what="document", pk=pk)


def _shown(request: Call, pk: int) -> Invoice:
    rows = queries.record_of(queries.visible_to(request.user)).prefetch_related("deductions__deposit")
    return at_address(rows, pk=pk)


def _customer(request: Call, pk: int) -> Customer:
    rows = customers.visible_to(request.user).select_related("entity", "segment")
    return named(rows, field="customer", what="customer", pk=pk)


def _entity(request: Call, code: str) -> Entity:
    return named(entities.visible_to(request.user), field="entity", what="company", code=code)


def _draft(base: DraftInput, given: Mapping[str, Any], now: datetime) -> DraftInput:
    """The input with the given fields laid over it."""
    values = {name: value for name, value in given.items() if name not in ("lines", "charges")}
    draft = replace(base, **values)
    if "charges" in given:
        draft = replace(draft, charges=tuple(ChargeInput(**charge) for charge in given["charges"]))
    if "lines" in given:
        on = draft.tax_point_on or draft.planned_on or entities.local_day(draft.entity, now)
        currency = draft.currency or customers.billing_profile(draft.customer, draft.entity, on).currency
        items = _items(given["lines"])
        lines = [_line(n, line, items, currency, on) for n, line in enumerate(given["lines"])]
        draft = replace(draft, lines=tuple(lines))
    return draft


def _items(lines: list[dict[str, Any]]) -> dict[str, Item]:
    """The items the lines name, in one query."""
    codes = {line["item"] for line in lines if line.get("item")}
    return {item.code: item for item in Item.objects.filter(code__in=codes, is_active=True)}


def _line(
    number: int, given: Mapping[str, Any], items: Mapping[str, Item], currency: str, on: date
) -> LineInput:
    """One line; what an item knows need not be said again."""
    values = dict(given)
    item = None
    if code := values.pop("item", None):
        item = items.get(code)
        if item is None:
            raise Invalid(
                f"Line {number + 1}: there is no item {code} on sale.",
                field=f"lines[{number}].item",
                rule="the_record_exists",
                mend="Use the code of an active item.",
            )
        values = _known(item) | values
        values.setdefault("unit_price", price_of(item, currency, on))
    for name, label in (("description", "description"), ("unit_price", "price")):
        if values.get(name) is None:
            raise Invalid(
                f"Line {number + 1} has no {label}.",
                field=f"lines[{number}].{name}",
                rule="field_is_given",
                mend=f"Give it, or name an item that has one in {currency}.",
            )
    return LineInput(item=item, **values)


def _known(item: Item) -> dict[str, Any]:
    return {
        "description": item.name,
        "detail": item.detail,
        "unit": item.unit,
        "tax_class": item.tax_class,
        "kind": item.kind,
        "exemption_reason": item.exemption_reason,
        "vatex": item.vatex,
        "hsn": item.hsn,
    }


def _wanted(lines: list[dict[str, Any]]) -> dict[int, Decimal]:
    wanted: dict[int, Decimal] = {}
    for number, line in enumerate(lines):
        if line["position"] in wanted:
            raise Invalid(
                f"Line {line['position']} stands twice.",
                field=f"lines[{number}].position",
                rule="a_line_is_credited_once_per_note",
                mend="Give one amount for it.",
            )
        wanted[line["position"]] = line["net"]
    return wanted


def _refuse_other_total(invoice: Invoice, expected: Decimal | str | None) -> None:
    if expected in (None, "") or expected == invoice.payable:
        return
    payable = Amount(currency="currency").to_representation((invoice.payable, invoice.currency))
    raise Invalid(
        f"The document comes to {payable} {invoice.currency}, not to {expected}.",
        field="expected_total",
        rule="the_total_is_the_expected_one",
        mend="Compare prices, taxes and discounts, or leave expected_total out.",
    )


def _file(invoice: Invoice, document: Document) -> FileResponse:
    name = f"{str(invoice.number).replace('/', '-')}.pdf"
    return FileResponse(
        default_storage.open(document.stored_name),
        content_type="application/pdf",
        filename=name,
        headers={"ETag": f'"{document.sha256}"', "X-Content-Type-Options": "nosniff"},
    )
