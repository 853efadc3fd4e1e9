"""Approved refunds leave once, in a file that is what two persons agreed to."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, InternalError, transaction
from django.test import Client
from django.urls import reverse
from lxml import etree

from core.errors import DomainError, Invalid, Refused
from payments import operations as payments
from payments.models import Refund
from payouts import operations, queries
from payouts.models import PaymentFile, Transfer
from payouts.rules import NAMESPACE, Party, UnsoundFile, build, check, check_party, plain
from payouts.rules import Transfer as Row
from tests.book.test_concurrency import together
from tests.payouts.scene import IBAN, make_file, refunded
from tests.world import NOW, TODAY, make_world

PAYER = Party("Northwind GmbH", "DE89370400440532013000", "COBADEFFXXX")
ROWS = [
    Row("NWE-20261116-001-R1", Decimal("50.00"), Party("Kaeufer", IBAN), "Refund 1"),
    Row("NWE-20261116-001-R2", Decimal("0.01"), Party("Acme", PAYER.iban, PAYER.bic), "Refund 2 & more"),
]


def test_the_file_fits_its_schema_and_foots():
    content = build("NWE-20261116-001", NOW, TODAY, PAYER, ROWS)
    root = etree.fromstring(content)
    ns = {"p": NAMESPACE}
    assert root.findtext("p:CstmrCdtTrfInitn/p:GrpHdr/p:CtrlSum", namespaces=ns) == "50.01"
    assert root.findtext(".//p:PmtInf/p:NbOfTxs", namespaces=ns) == "2"
    assert root.findtext(".//p:DbtrAcct/p:Id/p:IBAN", namespaces=ns) == PAYER.iban
    assert [one.text for one in root.iterfind(".//p:InstdAmt", ns)] == ["50.00", "0.01"]
    assert content == build("NWE-20261116-001", NOW, TODAY, PAYER, ROWS)
    # Whatever a bank would refuse, or that is not what was approved, never leaves.
    for before, after in (
        (b"<NbOfTxs>2<", b"<NbOfTxs>3<"),
        (b"<CtrlSum>50.01<", b"<CtrlSum>50.02<"),
        (b">50.00<", b">500.00<"),
        (IBAN.encode(), b"NL02ABNA0123456789"),
        (b'Ccy="EUR"', b'Ccy="USD"'),
        (b"<ChrgBr>SLEV</ChrgBr>", b""),
        (b"SEPA", b"URGP"),
        (b"-R2<", b"-R1<"),
        (b"<Nm>Acme", b"<Nm>\xc3\x84cme"),
    ):
        assert before in content
        with pytest.raises(UnsoundFile):
            check(content.replace(before, after), ROWS)
    with pytest.raises(UnsoundFile):
        build("x" * 36, NOW, TODAY, PAYER, ROWS)
    with pytest.raises(UnsoundFile):
        build("A", NOW, TODAY, PAYER, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Käufer & Söhne – Łódź “AG”", "Kaeufer + Soehne - Lodz 'AG'"),
        ("//a//b/", "a/b"),
        ("हिन्दी", ""),
        ("a\tb\n<c>", "a b c"),
    ],
)
def test_texts_are_in_the_letters_every_bank_takes(text, expected):
    assert plain(text, 140) == expected
    assert len(plain("x" * 300, 70)) == 70


@pytest.mark.parametrize(
    ("party", "rule"),
    [
        (Party("A", "NL91ABNA0417164301"), "iban_is_valid"),
        (Party("A", ""), "iban_is_valid"),
        (Party("A", IBAN, "ABNA"), "bic_is_valid"),
        (Party("A", IBAN, "COBADEFF"), "bic_and_iban_are_of_one_country"),
        (Party("हिन्दी", IBAN), "a_payee_has_a_name"),
        (Party("A", "TR330006100519786457841326"), "sepa_reaches_the_account"),
        (Party("A", "AE070331234567890123456"), "sepa_reaches_the_account"),
    ],
)
def test_an_account_a_bank_refuses_is_refused_here(party, rule):
    with pytest.raises(Invalid) as refusal:
        check_party(party, field="iban")
    assert refusal.value.rule == rule
    assert check_party(Party("A", "nl91 abna 0417 1643 00"), field="iban").iban == IBAN


@pytest.mark.django_db
def test_a_refund_leaves_in_one_file_after_a_second_person():
    world = make_world()
    first, second = refunded(world), refunded(world, "70.00")
    card = refunded(world, "5.00", method="card")
    nowhere = refunded(world, "6.00", payer_account="")
    abroad = refunded(world, "7.00", payer_account="TR330006100519786457841326")
    shown = {one.refund: one for one in queries.waiting_for(world.entity)}
    assert [shown[one].party is not None for one in (first, second, card, nowhere, abroad)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    account = world.entity.bank_accounts.get()

    def refuse(error, *refunds, on=TODAY, within=account, actor=world.cash):
        with pytest.raises(error):
            operations.plan_file(within, refunds, execute_on=on, actor=actor, now=NOW)
        assert not PaymentFile.objects.exists()
        assert not Transfer.objects.exists()

    refuse(Invalid)
    refuse(Invalid, first, on=TODAY - timedelta(days=1))
    refuse(Refused, first, card)
    refuse(Refused, nowhere)
    refuse(Refused, first, abroad)
    asked = payments.request_refund(
        world.received("9.00").open_item, Decimal("9.00"), reason="Not approved", actor=world.cash, now=NOW
    )
    refuse(Refused, asked)
    file = make_file(world, first, second)
    assert (file.total, file.count, file.state) == (Decimal("120.00"), 2, "waiting")
    with pytest.raises(Refused):
        operations.take_file(file, actor=world.cash, now=NOW)
    with pytest.raises(Refused):
        make_file(world, first)
    # Who planned it does not approve it, whatever their role.
    with pytest.raises(Refused):
        operations.approve_file(file, actor=world.cash, now=NOW)
    assert PaymentFile.objects.get(pk=file.pk).sha256 == ""
    rejected = operations.reject_file(file, actor=world.director, now=NOW, reason="Wrong day")
    assert rejected.state == "rejected"
    file = make_file(world, first, second, approved=True)
    assert file.message_id.endswith("-002")
    content = operations.take_file(file, actor=world.cash, now=NOW)
    assert content == operations.take_file(file, actor=world.director, now=NOW + timedelta(days=9))
    assert b"Kaeufer + Soehne GmbH" in content
    assert IBAN.encode() in content
    # The database holds it too: once made never changed, a refund in one file.
    for change in ({"content": b"x"}, {"total": 1}, {"sha256": "0" * 64}):
        with pytest.raises(InternalError), transaction.atomic():
            PaymentFile.objects.filter(pk=file.pk).update(**change)
    twin = Transfer.objects.filter(file=file).first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.create(
            file=file, refund=twin.refund, end_to_end="other", amount=1, name="A", iban=IBAN, text="x"
        )
    with pytest.raises(DomainError):
        operations.note_refused(file, reason=" ", actor=world.cash, now=NOW)
    done = operations.note_executed(file, on=TODAY, by="the bank", actor=world.cash, now=NOW)
    assert done.state == "executed"
    assert Refund.objects.get(pk=first.pk).left_on == TODAY == Refund.objects.get(pk=second.pk).left_on
    with pytest.raises(Refused):
        operations.note_refused(file, reason="Too late", actor=world.cash, now=NOW)
    # Refused by the bank: the refund waits again.
    other = make_file(world, approved=True)
    operations.note_refused(other, reason="Account closed", actor=world.cash, now=NOW)
    assert other.transfers.get().refund in {one.refund for one in queries.waiting_for(world.entity)}


@pytest.mark.django_db(transaction=True)
def test_two_files_at_once_pay_a_refund_once():
    world = make_world()
    refund = refunded(world)
    raised = together(3, lambda _: make_file(world, refund))
    assert len(raised) == 2
    assert all(isinstance(one, operations.NotPayable) for one in raised)
    assert Transfer.objects.count() == 1


@pytest.mark.django_db
def test_from_the_page_of_payouts_to_the_bank():
    world = make_world()
    refund = refunded(world)
    with time_machine.travel(NOW, tick=False):
        cash, director = Client(), Client()
        cash.force_login(world.cash)
        director.force_login(world.director)
        page = cash.get(reverse("payouts:list")).content.decode()
        assert f'value="{refund.pk}"' in page
        given = {"refunds": [refund.pk], "execute_on": TODAY.isoformat(), "once": "0" * 32}
        made = cash.post(reverse("payouts:plan", args=[world.entity.pk]), given)
        file = PaymentFile.objects.get()
        assert made["Location"] == file.get_absolute_url()
        assert (
            cash.post(reverse("payouts:plan", args=[world.entity.pk]), given)["Location"] == made["Location"]
        )
        address = {
            name: reverse(f"payouts:{name}", args=[file.pk]) for name in ("download", "approve", "executed")
        }
        assert cash.post(address["download"]).status_code == 409
        assert director.post(address["approve"]).status_code == 302
        taken = cash.post(address["download"])
        assert taken["Content-Disposition"] == f'attachment; filename="{file.message_id}.xml"'
        assert taken.content == cash.post(address["download"]).content
        cash.post(address["executed"], {"on": TODAY.isoformat()})
        assert Refund.objects.get(pk=refund.pk).left_on == TODAY
        # Paid by hand: said on the refund's own page, once.
        other = refunded(world, "12.00", payer_account="")
        left = reverse("payments:refund_left", args=[other.pk])
        assert cash.post(left, {"on": date(2030, 1, 1).isoformat()}).status_code == 422
        cash.post(left, {"on": TODAY.isoformat()})
        assert Refund.objects.get(pk=other.pk).left_by == "by hand"
