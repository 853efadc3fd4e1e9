"""A payer's advice says what a payment is for: read whole or refused by line, and stronger than any guess."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from banking import operations
from banking.matching import AUTOMATIC, Advice, Book, Incoming, Item, find
from banking.models import Remittance, RemittanceLine
from banking.reading import read_advice
from core.errors import Invalid
from invoices.models import Invoice
from tests.banking.advices import advice
from tests.banking.statements import camt
from tests.factories import make_customer
from tests.world import NOW, TODAY, furnish, make_world

HEAD = "Invoice;Amount;Deduction;Reason;Payment"


def test_lines_are_read_by_their_usual_headings_and_faults_are_named_by_line_and_field():
    lines, chosen = read_advice(
        advice(("INV-1", "1.234,50", "12,5", "Scratched", "P-7"), ("", "", "", "", "")), {}
    )
    assert [(one.line, one.invoice, one.amount, one.deduction, one.payment) for one in lines] == [
        (2, "INV-1", Decimal("1234.50"), Decimal("12.5"), "P-7")
    ]
    assert chosen["deduction"] == "Deduction"
    named, _ = read_advice(b"Doc,Cash\nINV-2,7.00\n", {"invoice": "Doc", "amount": "Cash"}, ".")
    assert named[0].invoice == "INV-2"
    with pytest.raises(Invalid) as refusal:
        read_advice(
            advice(("", "1.00", "", "", ""), ("INV-1", "-3", "x", "", ""), ("INV-2", "abc", "", "", "")),
            {},
            ".",
        )
    assert [one["field"] for one in refusal.value.problems] == [
        "lines[2].invoice", "lines[3].amount", "lines[3].deduction", "lines[4].amount"
    ]  # fmt: skip
    for data, columns in (
        (b"Doc,Cash\n1,2\n", {}),
        (advice(("1", "2")), {"invoice": "Nope"}),
        (advice(), {}),
    ):
        with pytest.raises(Invalid):
            read_advice(data, columns)


def test_an_advice_beats_a_guess_where_it_fits_exactly_and_only_there():
    items = {
        key: Item(id=key, number=f"INV-{key}", customer=customer, open_amount=Decimal(amount), due_on=TODAY)
        for key, customer, amount in ((1, 1, "100"), (2, 1, "50"), (3, 1, "130"), (4, 2, "120"))
    }
    told = Advice(1, "PAY-2211", ((1, Decimal(90)), (2, Decimal(30))), (7, 8), Decimal(10))

    def look(amount="120", text="", name="", advices=(told,)):
        book = Book(items=dict(items), names={1: ("Helios Solar",), 2: ("Polder",)}, advices=advices)
        return find(Incoming(Decimal(amount), TODAY, texts=(text,), payer_name=name), book)

    named = look(text="PAY 2211", name="Helios Solar GmbH")[0]
    assert (named.parts, named.advice, named.score >= AUTOMATIC) == (told.parts, (7, 8), True)
    assert look(name="Helios Solar GmbH")[0].score >= AUTOMATIC
    # Alone it is a proposal; of another payer, or another sum, less than that.
    assert look()[0].score < AUTOMATIC
    assert all(match.score < AUTOMATIC for match in look(name="Polder") if match.advice)
    assert not any(match.advice for match in look(amount="119", name="Helios Solar"))
    twice = Advice(1, "PAY-3000", ((3, Decimal(120)),), (9,))
    assert all(
        match.score < AUTOMATIC for match in look(name="Helios Solar", advices=(told, twice)) if match.advice
    )
    short = Advice(1, "PAY-1", ((2, Decimal(120)),), (9,))
    assert not any(match.advice for match in look(name="Helios Solar", advices=(short,)))


@pytest.mark.django_db
def test_an_advice_is_kept_once_and_its_payment_finds_its_invoices():
    world = make_world()
    one, two, three = (world.issued(net) for net in ("1000.00", "500.00", "300.00"))
    data = advice(
        (one.number, "1000.00", "190.00", "Late", "P-77"),
        (two.number.replace("-", " "), "595.00", "", "", "P-77"),
    )

    def refuse(*rows, field):
        with pytest.raises(Invalid) as refusal:
            operations.import_remittance(
                world.entity, "a.csv", advice(*rows), actor=world.cash, now=NOW, decimal="."
            )
        assert refusal.value.problems[0]["field"] == field
        assert not Remittance.objects.exists()

    refuse(("INV-9999", "1.00", "", "", ""), field="lines[2].invoice")
    refuse((one.number, "1190.01", "", "", ""), field="lines[2].amount")
    refuse((one.number, "1000.00", "", "", ""), (one.number, "190.01", "", "", ""), field="lines[3].amount")
    client = Client()
    client.force_login(world.cash)
    page = reverse("banking:remittances")
    for _ in range(2):
        sent = {"entity": world.entity.pk, "decimal": ".", "file": SimpleUploadedFile("a.csv", data)}
        assert client.post(page, sent)["Location"] == Remittance.objects.get().get_absolute_url()
    wrong = {"entity": world.entity.pk, "file": SimpleUploadedFile("b.csv", b"Doc;Cash\n1;2\n")}
    assert client.post(page, wrong).status_code == 422
    assert RemittanceLine.objects.count() == 2
    [statement] = operations.import_file(
        "a.xml", camt(("1595.00", "P-77 as advised", world.customer.name)), actor=world.cash, now=NOW
    ).statements
    assert operations.match_statement(statement, actor=world.cash, now=NOW).booked == 1
    balances = [Invoice.objects.get(pk=made.pk).balance for made in (one, two, three)]
    # What was deducted stays open: nobody agreed to it. An early discount is the policy's.
    assert balances[1:] == [0, Decimal("357.00")]
    assert balances[0] > 0
    assert set(RemittanceLine.objects.values_list("paid_by", flat=True)) == {statement.lines.get().pk}
    assert "Arrived" in client.get(Remittance.objects.get().get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_an_advice_that_cannot_be_is_refused_whole_with_its_line():
    world = make_world()
    invoice = world.issued("1000.00")
    other = world.issued("100.00", customer=furnish(make_customer(entity=world.entity), world.lead))
    number = str(invoice.number)
    many = b"Invoice;Amount\n" + b"X;1\n" * 20_001
    for data, field in (
        # A point that groups thousands, or one that ends the euros?
        (advice((number, "1.190", "", "", ""), (number, "5", "", "", "")), "decimal"),
        (advice((number, "1.0005", "", "", "")), "lines[2].amount"),
        (advice((number, "100.00", "9" * 30, "", "")), "lines[2].deduction"),
        (advice((number, "9" * 40, "", "", "")), "lines[2].amount"),
        (advice((number, "1.190,00", "", "", ""), (number, "1,000.00", "", "", "")), "lines[2].amount"),
        (advice((number, "=1+1", "", "", "")), "lines[2].amount"),
        (advice((number, "1", "", "", "P"), (str(other.number), "1", "", "", "P")), "lines[3].invoice"),
        (many, "file"),
        (b"", "file"),
        (b"Invoice;Amount\nX\0;1\n", "file"),
    ):
        with pytest.raises(Invalid) as refusal:
            operations.import_remittance(world.entity, "a.csv", data, actor=world.cash, now=NOW)
        assert refusal.value.problems[0]["field"] == field, data[:60]
        assert not Remittance.objects.exists()
    french = advice((number, "1\u202f000,00", "1\xa0000,00", "=1+1", ""))
    kept = operations.import_remittance(world.entity, "a.csv", french, actor=world.cash, now=NOW)
    line = kept.remittance.lines.get()
    assert (line.amount, line.deduction, line.reason) == (1000, 1000, "=1+1")
