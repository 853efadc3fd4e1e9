"""The demo company, small: it loads through the real operations, its book is sound, and it can be removed."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from cases.models import Call, Case, HandOver, Promise
from charges.models import Charge
from closing.models import JournalExport
from contracts.models import BillLine, BillRun, Contract, RunRow, UsageEvent
from conversations.models import Escalation, Mention, Thread
from core.errors import Refused
from correspondence.models import Delivery
from customers.models import ChangeRequest
from entities.models import BankChange, Entity
from entities.rules import iban, vat_id
from integrations.demo import tables
from integrations.demo.load import load
from integrations.management.commands import remove_demo
from invoices.models import DueDateMove, Hold, Invoice
from ledger.models import Allocation, Period
from ledger.queries import faults
from notices.models import ChangeNotice, Notice, Watch
from payments.models import Payment, Refund, WriteOff
from policies.models import PolicyVersion
from reminders.models import Decision, Ladder, Reminder
from team.models import Absence, User
from team.roles import ROLES
from tests.factories import make_entity
from work.models import Approval

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_the_small_demo_has_something_of_everything(db):
    load(now=NOW, say=lambda words: None, scale=0.03)

    assert faults() == []
    assert set(Entity.objects.values_list("is_demo", flat=True)) == {True}
    assert set(Entity.objects.values_list("country", flat=True)) == {"IE", "IN", "US"}
    for role in ROLES:
        assert User.objects.filter(groups__name=role.code).exists()
    assert User.objects.get(email="maria.keane@northwind.example").check_password(tables.PASSWORD)
    assert Case.objects.exclude(stage__in=["watch", "closed"]).exists()
    assert Call.objects.exists()
    assert Promise.objects.exclude(judged_at=None).exists()
    assert HandOver.objects.filter(state="ready").exists()
    states = set(Thread.objects.values_list("state", flat=True))
    assert {"open", "closed"} <= states
    assert Thread.objects.filter(customer=None).exists()
    assert Thread.objects.exclude(merged_into=None).exists()
    assert set(Contract.objects.exclude(repeats=None).values_list("state", flat=True)) == {
        "active",
        "waiting",
    }
    assert {"moved", "pending", "rejected"} == set(DueDateMove.objects.values_list("state", flat=True))
    assert Ladder.objects.filter(segment=None).exists()
    assert Ladder.objects.filter(customer=None).exists()
    mails = set(Delivery.objects.values_list("state", flat=True))
    assert {"to_post", "posted", "bounced", "delivered", "opened", "failed"} <= mails
    assert Delivery.objects.filter(state="bounced", message__channel="letter").exists()
    assert Escalation.objects.filter(level="escalated").exists()
    assert Mention.objects.exists()
    assert set(ChangeNotice.objects.values_list("state", flat=True)) == {"approved", "waiting"}
    assert Absence.objects.filter(first_on__lte=NOW.date(), last_on__gte=NOW.date()).exists()
    assert Absence.objects.filter(first_on__gt=NOW.date()).exists()
    read = Notice.objects.filter(must_read=True)
    assert read.filter(acknowledged_at=None).exists()
    assert read.exclude(acknowledged_at=None).exists()
    assert Notice.objects.filter(must_read=False, rule=None).exists()
    assert Watch.objects.exists()
    waiver = {"document_status": "pending_approval", "credits__document_type": "debit_note"}
    assert Charge.objects.exists()
    assert Invoice.objects.filter(**waiver).exists()
    assert Reminder.objects.filter(state="sent").exists()
    assert set(Decision.objects.values_list("outcome", flat=True)) == {"send", "skip", "wait"}
    assert not Delivery.objects.filter(message__situation="reminder", state="queued").exists()
    currencies = set(Invoice.objects.values_list("currency", flat=True))
    assert {"EUR", "USD", "INR", "GBP"} <= currencies
    statuses = set(Invoice.objects.values_list("document_status", flat=True))
    assert {"draft", "pending_approval", "approved", "issued"} <= statuses
    needed = set(Approval.objects.filter(state="pending").values_list("needed_role", flat=True))
    assert {"specialist", "lead", "controller", "director"} <= needed
    kinds = set(Allocation.objects.values_list("kind", flat=True))
    assert {"payment", "discount"} <= kinds
    assert Payment.objects.filter(customer=None).exists()
    assert Hold.objects.exists()
    assert set(BillRun.objects.values_list("state", flat=True)) == {"done", "planned"}
    assert not RunRow.objects.filter(state="failed").exists()
    assert BillLine.objects.filter(amount__lt=0).exists()
    assert UsageEvent.objects.exists()
    assert set(Period.objects.values_list("state", flat=True)) == {"closed", "soft", "open"}
    assert JournalExport.objects.exists()
    assert WriteOff.objects.exists()
    assert Refund.objects.exists()
    assert ChangeRequest.objects.filter(subject="bank", called_back_at=None).exists()
    assert BankChange.objects.filter(state="pending").exists()
    published = set(PolicyVersion.objects.values_list("status", flat=True))
    assert {"published", "draft", "review"} <= published

    with pytest.raises(Refused, match="company in this database"):
        load(now=NOW, say=lambda words: None)


def test_every_run_makes_the_same(db, monkeypatch):
    few = tables.parties()[::6]
    monkeypatch.setattr(tables, "parties", lambda: few)
    monkeypatch.setattr("integrations.demo.load.leave_on_desks", lambda year, now: None)
    found = []
    for _ in range(2):
        point = transaction.savepoint()
        load(now=NOW, say=lambda words: None, scale=0.05)
        rows = Invoice.objects.exclude(number=None).order_by("entity__code", "number")
        found.append(list(rows.values_list("entity__code", "number", "customer__name", "payable", "balance")))
        transaction.savepoint_rollback(point)
    assert found[0] == found[1]
    assert found[0]


def test_all_numbers_of_the_tables_pass_their_checks():
    for party in tables.parties():
        if party.tax_scheme == "VAT":
            assert vat_id(party.tax_number, country=party.country).valid
    for _, _, _, details in tables.ACCOUNTS:
        assert "iban" not in details or iban(details["iban"]).valid


def test_a_real_company_is_never_dropped(db):
    make_entity(is_demo=False)
    with pytest.raises(CommandError, match="real company"):
        call_command("remove_demo", "--yes")


def test_without_a_demo_there_is_nothing_to_remove(db):
    with pytest.raises(CommandError, match="no demo"):
        remove_demo.refuse_unless_demo()


def test_the_demo_is_loaded_in_the_demo_only(db, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("load_demo")
