"""Many at once: numbers without gap, money used once, no deadlock left standing (T02, T03, T10, T11)."""

import random
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import pytest
from django.db import close_old_connections, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from core.errors import DomainError
from invoices import operations as invoices
from invoices.models import Invoice
from ledger.models import Allocation
from ledger.queries import faults
from payments import operations as payments
from payments.operations import Part
from team.models import User
from tests.world import NOW, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def together(count: int, act: Callable[[int], None]) -> list[BaseException]:
    """Run `act(n)` in threads that start at once, each with its own connection; what they raised."""
    raised: list[BaseException] = []
    ready = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            ready.wait(120)
            act(number)
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return raised


def _issue_or_roll_back(ids: list[int], clerk: int, seed: int) -> None:
    """One process: issue each, every tenth inside a transaction that is rolled back, then again for real."""
    connections.close_all()
    dice = random.Random(seed)
    actor = User.objects.get(pk=clerk)
    for pk in ids:
        if dice.random() < 0.1:
            with transaction.atomic():
                invoices.issue_invoices([pk], actor=actor, now=NOW)
                transaction.set_rollback(True)
        done = invoices.issue_invoices([pk], actor=actor, now=NOW)
        assert not done.refused, done.refused
    connections.close_all()


def approved(world: World, count: int) -> list[int]:
    """Approved documents, each a little different, so that no gate takes them for duplicates."""
    ids = []
    for number in range(count):
        draft = world.draft(f"{100 + number}.00")
        invoice = invoices.write_draft(draft, actor=world.clerk, now=NOW)
        ids.append(world.approve(invoice).pk)
    return ids


@pytest.mark.soak("T02")
def test_numbers_have_no_gap_under_eight_processes_and_rollbacks(size, figures):
    world = make_world()
    each = size(6, 250)
    ids = approved(world, 8 * each)
    connections.close_all()
    context = get_context("fork")
    began = time.perf_counter()
    processes = [
        context.Process(target=_issue_or_roll_back, args=(ids[n::8], world.clerk.pk, n)) for n in range(8)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    elapsed = time.perf_counter() - began

    assert [process.exitcode for process in processes] == [0] * 8
    sequences = sorted(Invoice.objects.exclude(number=None).values_list("sequence", flat=True))
    assert sequences == list(range(1, 8 * each + 1))
    assert faults() == []
    figures("T02", gaps=0, duplicates=0, issued=len(sequences), per_second=round(len(sequences) / elapsed))


@pytest.mark.soak("T03")
def test_no_database_sequence_numbers_documents():
    """T03: the number comes from a locked row; nothing in the issuing code asks a SEQUENCE."""
    source = "".join(path.read_text() for path in Path("invoices/operations").glob("*.py"))

    assert "nextval" not in source
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_sequences WHERE sequencename LIKE '%%number%%'")
        assert cursor.fetchone() == (0,)


@pytest.mark.soak("T11")
def test_one_receipt_is_not_spent_sixteen_times(figures):
    world = make_world()
    ids = approved(world, 16)
    issued = invoices.issue_invoices(ids, actor=world.clerk, now=NOW).invoices
    payment = world.received("100.00")
    items = [invoice.instalments.get().open_item_id for invoice in issued]

    raised = together(
        16,
        lambda n: payments.allocate_payment(
            payment, [Part(items[n], Decimal("100.00"))], actor=world.cash, now=NOW, grant_discount=False
        ),
    )

    assert all(isinstance(error, DomainError) for error in raised), raised
    assert len(raised) == 15
    assert Allocation.objects.count() == 1
    payment.open_item.refresh_from_db()
    assert payment.open_item.open_amount == 0
    assert faults() == []
    figures("T11", over_allocation="0.00", refused=15)


@pytest.mark.soak("T10")
def test_crossing_allocations_end_without_deadlock(size, figures):
    world = make_world()
    issued = invoices.issue_invoices(approved(world, 2), actor=world.clerk, now=NOW).invoices
    items = [invoice.instalments.get().open_item_id for invoice in issued]
    receipts = [world.received("5000.00"), world.received("5000.00")]
    rounds = size(15, 1000)

    def cross(number: int) -> None:
        for _ in range(rounds // 2):
            parts = [Part(items[number], Decimal("0.01")), Part(items[1 - number], Decimal("0.01"))]
            payments.allocate_payment(
                receipts[number], parts, actor=world.cash, now=NOW, grant_discount=False
            )
            close_old_connections()

    raised = together(2, cross)

    assert raised == []
    assert Allocation.objects.count() == 2 * 2 * (rounds // 2)
    assert faults() == []
    figures("T10", rounds=rounds, unhandled_deadlocks=0)


@pytest.mark.soak("T13")
def test_two_edits_of_one_draft_do_not_overwrite_each_other(figures):
    world = make_world()
    draft = invoices.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW)

    raised = together(
        2,
        lambda n: invoices.edit_draft(
            draft, world.draft(f"{20 + n}.00"), actor=world.clerk, now=NOW, expected_version=1
        ),
    )

    assert [type(error).__name__ for error in raised] == ["Stale"]
    draft.refresh_from_db()
    assert draft.lock_version == 2
    figures("T13", lost_updates=0)


def test_two_approvals_of_one_document_decide_once():
    world = make_world()
    invoice = invoices.write_draft(world.draft("300.00"), actor=world.clerk, now=NOW)
    invoice = invoices.submit_invoice(invoice, actor=world.clerk, now=NOW)
    flags = [flag["key"] for flag in invoices.pending_approval(invoice).flags]
    people = [world.controller, world.director]

    raised = together(
        2, lambda n: invoices.approve_invoice(invoice, actor=people[n], now=NOW, confirmed=flags)
    )

    assert len(raised) == 1
    assert isinstance(raised[0], DomainError)
    invoice.refresh_from_db()
    assert invoice.document_status == "approved"


def test_two_full_credits_at_once_credit_once():
    world = make_world()
    invoice = world.issued("100.00")

    raised = together(
        2,
        lambda _: invoices.credit_in_full(
            invoice, reason_code="PRC", reason="Wrong price", actor=world.clerk, now=NOW
        ),
    )

    assert len(raised) == 1
    assert isinstance(raised[0], DomainError)
    assert Invoice.objects.filter(credits=invoice).count() == 1


def test_one_form_posted_four_times_at_once_acts_once():
    world = make_world()
    invoice, payment = world.issued("100.00"), world.received("119.00")
    item = invoice.instalments.get().open_item_id
    address = reverse("payments:allocate", args=[payment.pk])
    sent = {f"part-{item}": "40.00", "once": "5" * 32}
    clients = [Client() for _ in range(4)]
    for client in clients:
        client.force_login(world.cash, backend="django.contrib.auth.backends.ModelBackend")
    answers = []

    raised = together(4, lambda n: answers.append(clients[n].post(address, sent)))

    assert not raised
    assert [answer.status_code for answer in answers] == [302] * 4
    assert len({answer["Location"] for answer in answers}) == 1
    payment.open_item.refresh_from_db()
    assert payment.open_item.open_amount == Decimal("79.00")
    assert not faults()
