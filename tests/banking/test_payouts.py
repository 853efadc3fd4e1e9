"""The bank's debit says that refunds have left: as one sum, one by one, by name, or by hand."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from banking import operations
from banking.models import Line
from core.errors import Invalid
from ledger.queries import faults
from payments.models import Refund
from payouts.models import PaymentFile
from tests.banking.statements import camt
from tests.payouts.scene import make_file, refunded
from tests.world import NOW, TODAY, make_world

pytestmark = pytest.mark.django_db


def statement_of(world, *lines):
    [made] = operations.import_file("a.xml", camt(*lines), actor=world.cash, now=NOW).statements
    operations.match_statement(made, actor=world.cash, now=NOW)
    return made


def test_debits_find_the_files_and_refunds_they_paid():
    world = make_world()
    one, two, three = refunded(world), refunded(world, "70.00"), refunded(world, "30.00")
    batch = make_file(world, one, two, approved=True)
    single = make_file(world, three, approved=True)
    apart = make_file(world, refunded(world, "11.00"), refunded(world, "12.00"), approved=True)
    names = list(apart.transfers.values_list("end_to_end", flat=True))
    other = make_file(world, approved=True)
    made = statement_of(
        world,
        ("-120.00", f"SEPA batch {batch.message_id}", ""),
        ("-30.00", f"Refund {single.transfers.get().end_to_end}", "Kaeufer"),
        ("-11.00", f"{names[0]}", "Kaeufer"),
        ("-50.00", "Somebody's transfer", "Nobody"),
        ("-7.50", f"Fee {other.message_id}", "Hanse Bank"),
    )
    states = list(made.lines.order_by("place").values_list("state", flat=True))
    assert states == ["payout", "payout", "payout", "new", "new"]
    assert (
        PaymentFile.objects.get(pk=batch.pk).state
        == PaymentFile.objects.get(pk=single.pk).state
        == "executed"
    )
    # Of the file whose transfers are booked one by one the second is still awaited.
    assert PaymentFile.objects.get(pk=apart.pk).state == "ready"
    assert Refund.objects.filter(left_on=TODAY).count() == 4
    # A debit that names nothing is a person's: only a file of its amount can be chosen.
    line = made.lines.get(amount=Decimal("-50.00"))
    with pytest.raises(Invalid):
        operations.note_payout(line, apart, actor=world.cash, now=NOW)
    assert Line.objects.get(pk=line.pk).state == "new"
    client = Client()
    client.force_login(world.cash)
    page = reverse("banking:detail", args=[made.pk])
    assert other.message_id in client.get(f"{page}?line={line.pk}").content.decode()
    address = reverse("banking:payout", args=[line.pk])
    client.post(address, {"file": apart.pk})
    assert Line.objects.get(pk=line.pk).state == "new"
    client.post(address, {"file": other.pk})
    assert PaymentFile.objects.get(pk=other.pk).bank_line == Line.objects.get(pk=line.pk)
    # The statement again finds nothing to do.
    assert operations.match_statement(made, actor=world.cash, now=NOW).looked_at == 0
    assert faults() == []
