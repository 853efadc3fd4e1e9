"""T33, T34: every address and method of the API, for every role, on own, others' and missing records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from banking.models import Statement as BankStatement
from banking.operations import import_file
from cases import operations as collecting
from cases.models import Case
from charges.models import Charge
from checkout.operations import begin_checkout
from closing import operations as closing
from conversations.models import Thread
from conversations.operations import receive_message
from core.dates import add_months
from correspondence.links import INVOICE, create_link
from customers.models import Customer
from entities.models import Access
from invoices.models import Invoice
from invoices.operations import ask_due_date, credit_in_full, issue_invoice, write_draft
from ledger.models import Allocation, OpenItem
from notices.models import Notice
from payments.models import Payment
from reminders.operations import pause
from statements.operations import make_statement
from team.endpoints import Act
from team.roles import BY_CODE, ROLES
from tests.api.client import Api, refused
from tests.banking.advices import advised
from tests.banking.statements import camt
from tests.contracts.scene import active, planned
from tests.correspondence.letters import queue
from tests.disputes.scene import raised
from tests.factories import make_entity, make_user
from tests.feedback.scene import entered, improved
from tests.payouts.scene import make_file
from tests.portal.bills import make_contact
from tests.world import World, make_world
from trail.models import Entry
from work.operations import open_work

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MISSING = 987_654


def _api_routes() -> Iterator[tuple[str, str, dict[str, Act]]]:
    """(name, pattern, acts by method) of every address below api/v1/."""
    [api] = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/"]
    for pattern in api.url_patterns:
        assert isinstance(pattern, URLPattern)
        kind = getattr(pattern.callback, "cls", None)
        if kind is not None:
            yield str(pattern.name), str(pattern.pattern), kind.acts


ROUTES = list(_api_routes())
# The first part of an address -> which record of a set fills `pk`. A new one without a row fails here.
RECORDS = {
    "customers": "customer",
    "items": "item",
    "policies": "policy",
    "invoices": "invoice",
    "due-dates": "due_date_move",
    "payments": "payment",
    "credits": "credit",
    "threads": "thread",
    "charges": "charge",
    "contracts": "contract",
    "bill-runs": "bill_run",
    "bank-statements": "bank_statement",
    "bank-lines": "bank_line",
    "online-payments": "online_payment",
    "payment-files": "payment_file",
    "remittances": "remittance",
    "periods": "period",
    "journals": "journal",
    "statements": "statement",
    "cases": "case",
    "disputes": "dispute",
    "promises": "promise",
    "plans": "plan",
    "reminders": "pause",
    "work": "item_of_work",
    "notices": "notice",
    "messages": "message",
    "templates": "template",
    "answers": "answer",
    "improvements": "improvement",
}
# Of one person alone, so that another one of the same company finds nothing there.
PERSONAL = ("notices/<",)
# Read by everybody who may read at all: they belong to no company.
SHARED = ("items", "policies", "templates")


def test_every_route_of_the_api_has_a_mark_and_a_record() -> None:
    held = {act for role in ROLES for act in role.acts}
    assert len(ROUTES) >= 30
    for name, pattern, acts in ROUTES:
        assert name, pattern
        assert pattern.partition("/")[0] in RECORDS, f"{pattern}: say in RECORDS which record it is about"
        for act in acts.values():
            assert act.permission in held, f"{pattern}: nobody holds {act.permission}"


def _contracts(world: World, now: datetime) -> dict[str, int]:
    contract = active(world, starts_on=now.date(), now=now)
    return {"contract": contract.pk, "bill_run": planned(world, now=now).pk}


def _records(world: World) -> dict[str, int]:
    """One record of each kind, of this world's company."""
    now = timezone.now()
    invoice = world.issued("100.00", now=now)
    payment = world.pay(invoice, "119.00", now=now)
    note = credit_in_full(
        world.issued("200.00", now=now), reason_code="NDL", reason="Not delivered", actor=world.clerk, now=now
    )
    note = issue_invoice(world.approve(note, now=now), actor=world.clerk, now=now)
    credit = OpenItem.objects.get(kind="credit_note", reference=note.number, entity=world.entity)
    link = create_link(invoice, purpose=INVOICE, contact=None, actor=None, now=now)
    later = now + timedelta(days=40)
    promised, planned = world.issued("80.00", now=now), world.issued("70.00", now=now)
    collecting.refresh_cases(world.entity, now=later)
    given: dict[str, Any] = {"currency": "EUR", "actor": world.clerk, "now": later}
    promise = collecting.make_promise(
        world.customer,
        amount=Decimal("95.20"),
        promised_on=later.date(),
        invoices=[promised],
        channel="phone",
        **given,
    )
    plan = collecting.offer_plan(
        world.customer, invoices=[planned], parts=2, rhythm="weekly", first_on=later.date(), **given
    )
    return {
        "case": Case.objects.get(entity=world.entity).pk,
        "promise": promise.pk,
        "plan": plan.pk,
        "pause": pause(
            world.customer, kind="manual", reason="They asked", key=f"test:{world.customer.pk}", now=now
        ).pk,
        "customer": world.customer.pk,
        "item_of_work": open_work(
            kind="review",
            key=f"test:{world.customer.pk}",
            subject=world.customer,
            label="Look at it",
            path="/",
            why="It is new",
            now=now,
            entity=world.entity,
            customer_id=world.customer.pk,
            owner=world.clerk,
            role="specialist",
        ).pk,
        "notice": Notice.objects.create(
            person=world.clerk, entry=Entry.objects.latest("id"), title="Terms changed", made_at=now
        ).pk,
        "item": world.item.pk,
        "policy": world.policy.policy_id,
        "invoice": invoice.pk,
        "due_date_move": ask_due_date(
            promised, later.date() + timedelta(days=20), reason="Agreed", actor=world.clerk, now=now
        ).pk,
        "payment": payment.pk,
        "credit": credit.pk,
        "link": link.pk,
        "thread": _thread(world).pk,
        "answer": entered(world, now=now).pk,
        "improvement": improved(world, now=now).pk,
        "charge": _charge(world, invoice).pk,
        **_contracts(world, now),
        **_month(world, now),
        "bank_statement": (bank := _bank(world)).pk,
        "bank_line": bank.lines.get().pk,
        "payment_file": make_file(world, now=now).pk,
        "remittance": advised(world, now=now).pk,
        "online_payment": begin_checkout(
            world.issued("60.00", now=now), link=None, language="en", now=now
        ).pk,
        "dispute": raised(world, invoice=world.issued("33.00", now=now), now=now).pk,
        "statement": make_statement(
            world.customer, world.entity, "EUR", form="open_items", on=now.date(), actor=None, now=now
        ).pk,
        "message": (message := queue(invoice, contacts=[make_contact(world.customer)], now=now)).pk,
        "template": message.template_id,
        "allocation": Allocation.objects.filter(credit_id=payment.open_item_id).first().pk,
    }


def _month(world: World, now: datetime) -> dict[str, int]:
    month = add_months(now.date().replace(day=1), -1)
    return {
        "period": closing.ask_for_no_more(world.entity, month, actor=world.controller, now=now).pk,
        "journal": closing.export_journal(world.entity, month, actor=world.controller, now=now).pk,
    }


def _thread(world: World) -> Thread:
    given = {"customer": world.customer, "channel": "portal", "body": "Why?"}
    return receive_message(**given, now=timezone.now()).thread


def _bank(world: World) -> BankStatement:
    [account] = world.entity.bank_accounts.all()
    lines = camt(("8.00", "?", f"Payer of {world.entity.code}"))
    [statement] = import_file(
        "november.xml", lines, account=account, actor=world.cash, now=timezone.now()
    ).statements
    return statement


def _charge(world: World, invoice: Invoice) -> Charge:
    now = timezone.now()
    document = write_draft(world.draft("40.00"), actor=world.clerk, now=now, document_type="debit_note")
    return Charge.objects.create(
        invoice=invoice,
        document=document,
        customer=world.customer,
        entity=world.entity,
        kind="fixed_sum",
        until=now.date(),
        currency="EUR",
        amount=40,
        regime="DE",
        legal_basis="§ 288 BGB",
        made_at=now,
    )


def _filled(pattern: str, records: dict[str, int]) -> str:
    values = {"pk": records[RECORDS[pattern.partition("/")[0]]], "number": 1} | {
        name: records[name] for name in ("link", "allocation")
    }
    path = pattern
    for name, value in values.items():
        path = path.replace(f"<int:{name}>", str(value))
    assert "<" not in path, f"{pattern}: say here what fills it"
    return path


def _state() -> list[Any]:
    return [list(table.objects.order_by("pk").values()) for table in (Customer, Invoice, Payment, Allocation)]


@pytest.mark.soak("T33", "T34")
@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_may_do_what_on_which_record(db: None, settings: Any, figures: Any, size: Any, role: str) -> None:
    """Every act on every record. Methods an address does not know are spread over the roles (small size)."""
    share, at = size(len(ROLES), 1), [one.code for one in ROLES].index(role)
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    mine, theirs = make_world(), make_world()
    records = {"missing": dict.fromkeys([*RECORDS.values(), "link", "allocation"], MISSING)}
    records |= {"other company": _records(theirs), "own": _records(mine)}
    user = make_user(role)
    Access.objects.create(user=user, entity=mine.entity)
    api, cells, wrong, before = Api(user), 0, [], _state()
    for whose, ids in records.items():
        if whose == "own":
            assert _state() == before
        for number, (_, pattern, acts) in enumerate(ROUTES):
            if "<" not in pattern and whose != "own":
                continue
            for method in METHODS:
                if share > 1 and method not in acts and (whose != "own" or (number + at) % share):
                    continue
                answer = api.send(method, _filled(pattern, ids), {}, If_Match='"v9999"')
                want = _wanted(role, pattern, acts.get(method), whose)
                cells += 1
                if answer.status_code not in want:
                    wrong.append((method, pattern, whose, answer.status_code, want, answer.content[:300]))
    assert wrong == []
    figures(f"T33/T34 {role}", cells=cells, wrong=0)


def _wanted(role: str, pattern: str, act: Act | None, whose: str) -> set[int]:
    if act is None:
        return {405}
    if act.permission not in BY_CODE[role].acts:
        return {403}
    if "<" in pattern and (whose == "missing" or (whose == "other company" and not _is_shared(pattern))):
        # A body that cannot be right is refused before the record is looked up, and says nothing about it.
        return {404} if act.takes is None else {404, 422}
    if pattern.startswith(PERSONAL):
        return {404}
    # Own records: anything but "not allowed" and "not there".
    return {200, 201, 202, 204, 409, 412, 422}


def _is_shared(pattern: str) -> bool:
    return pattern.startswith(SHARED)


def test_lists_show_own_companies_only(world: World) -> None:
    _records(world)
    user = make_user("lead")
    Access.objects.create(user=user, entity=make_entity())
    api = Api(user)
    for name in ("customers", "invoices", "payments"):
        assert api.get(f"{name}/")["items"] == []
    assert len(Api(world.lead).get("invoices/")["items"]) == 9


def test_records_of_others_cannot_be_named(db: None) -> None:
    mine, theirs = make_world(), make_world()
    user = make_user("lead")
    Access.objects.create(user=user, entity=mine.entity)
    api = Api(user)
    line = {"description": "Work package", "quantity": "1", "unit_price": "1.00"}
    for body, field in (
        ({"customer": theirs.customer.pk, "lines": [line]}, "customer"),
        ({"customer": mine.customer.pk, "entity": theirs.entity.code, "lines": [line]}, "entity"),
    ):
        refused(api.send("POST", "invoices/", body), 422, field=field, rule="the_record_exists")
    party: dict[str, object] = {"name": "New", "country": "DE", "entity": theirs.entity.code}
    refused(api.send("POST", "customers/", party), 422, field="entity")
    party = {"name": "New", "country": "DE", "entity": mine.entity.code, "parent": theirs.customer.pk}
    refused(api.send("POST", "customers/", party), 422, field="parent")
    cash = make_user("cash_applier")
    Access.objects.create(user=cash, entity=mine.entity)
    receipt = mine.received("10.00", now=timezone.now())
    item = theirs.issued("100.00", now=timezone.now()).instalments.get().open_item_id
    answer = Api(cash).send(
        "POST", f"payments/{receipt.pk}/allocations/", {"parts": [{"item": item, "amount": "1.00"}]}
    )
    refused(answer, 422, rule="an_item_is_owed")


def test_nobody_unknown_gets_in(world: World) -> None:
    records, client = _records(world), Client()
    for _, pattern, acts in ROUTES:
        for method in acts:
            answer = client.generic(
                method, f"/api/v1/{_filled(pattern, records)}", "{}", content_type="application/json"
            )
            refused(answer, 401)


def test_a_key_does_no_more_than_its_scopes(world: World, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    records = _records(world)
    for scope in sorted({act.permission for *_, acts in ROUTES for act in acts.values()}):
        user = next(
            person
            for person in (world.clerk, world.lead, world.controller, world.director, world.cash)
            if person.has_perm(scope)
        )
        api = Api(user, scope)
        for _, pattern, acts in ROUTES:
            for method, act in acts.items():
                if act.permission != scope:
                    answer = api.send(method, _filled(pattern, records), {}, If_Match='"v9999"')
                    refused(answer, 403, rule=act.permission)


def test_an_ended_key_and_a_deactivated_account_get_nothing(world: World) -> None:
    from team.models import APIKey
    from team.operations import deactivate_person

    api = Api(world.clerk)
    now = timezone.now()
    APIKey.objects.filter(pk=api.key.pk).update(
        created_at=now - timedelta(days=2), expires_at=now - timedelta(days=1)
    )
    refused(api.send("GET", "invoices/"), 401)
    other = Api(world.lead)
    deactivate_person(world.lead, actor=world.controller, now=now)
    refused(other.send("GET", "invoices/"), 401)
