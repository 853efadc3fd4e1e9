"""Who bills reads a requirement before the first invoice and after a change: page, API and bulk alike."""

import pytest
from django.urls import reverse
from django.utils import timezone

from customers import operations as customers
from invoices import bulk, operations
from invoices.models import Invoice
from invoices.operations import NotSubmittable
from tests.api.client import Api
from tests.factories import make_user
from tests.world import LONG_AGO, NOW, make_world
from work.models import Approval

pytestmark = pytest.mark.django_db
RULE = "requirements_are_read_by_who_bills"


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def requirement(world):
    """Written by the lead, and met by every draft here: only the reading is missing."""
    return customers.add_requirement(
        kind="po_required",
        severity="block",
        parameters={},
        customer=world.customer,
        valid_from=LONG_AGO.date(),
        actor=world.lead,
        now=LONG_AGO,
    )


def draft(world, number="PO-1"):
    return operations.write_draft(
        world.draft(f"{len(number)}00.00", po_number=number), actor=world.clerk, now=NOW
    )


def read(world, requirement, actor):
    requirement.refresh_from_db()
    customers.acknowledge_requirement(
        requirement, customer=world.customer, revision=requirement.revision, actor=actor, now=NOW
    )


def refuse(invoice, actor):
    with pytest.raises(NotSubmittable, match="Purchase order") as refusal:
        operations.submit_invoice(invoice, actor=actor, now=NOW)
    assert [one["rule"] for one in refusal.value.problems] == [RULE]
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.DRAFT
    assert not Approval.objects.exists()


def test_it_is_read_on_first_use_and_again_after_a_change(world, requirement):
    invoice = draft(world)
    refuse(invoice, world.clerk)
    read(world, requirement, make_user("specialist"))
    refuse(invoice, world.clerk)  # somebody else's reading is not mine
    read(world, requirement, world.clerk)
    customers.edit_requirement(requirement, actor=world.lead, now=NOW, note="From December with a prefix")
    refuse(invoice, world.clerk)
    read(world, requirement, world.clerk)

    assert (
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW).document_status == "pending_approval"
    )


def test_who_wrote_it_knows_it(world, requirement):
    assert operations.submit_invoice(draft(world), actor=world.lead, now=NOW).document_status != "draft"


def test_the_page_says_what_to_do(world, requirement, client):
    invoice = draft(world)
    client.force_login(world.clerk)

    answer = client.post(reverse("invoices:submit", args=[invoice.pk]), {"version": invoice.lock_version})

    assert answer.status_code == 422
    assert "confirm it there" in answer.content.decode()
    invoice.refresh_from_db()
    assert invoice.document_status == "draft"


def test_a_bulk_job_names_it_by_row(world, requirement):
    invoice = draft(world)
    now = timezone.now()
    plan = bulk.plan("submit", Invoice.objects.filter(pk=invoice.pk), now=now)

    job = bulk.run(bulk.ask(plan, actor=world.clerk, now=now).pk)

    assert job.failed == 1
    assert "Purchase order" in job.failures[0]["message"]


def test_over_the_api_it_is_refused_then_read_then_taken(world, requirement):
    api, invoice = Api(world.clerk), draft(world)
    refused = api.send("POST", f"invoices/{invoice.pk}/submit/")
    assert refused.status_code == 422
    assert RULE in refused.content.decode()
    [holding] = api.get(f"customers/{world.customer.pk}/requirements/")["items"]
    seen = {"requirement": holding["id"], "revision": holding["revision"]}
    address = f"customers/{world.customer.pk}/requirements/"
    assert api.send("POST", address, seen | {"revision": 9}).status_code == 409
    assert api.send("POST", address, seen | {"requirement": 0}).status_code == 422

    assert api.post(address, seen)["revision"] == 1

    assert api.send("POST", f"invoices/{invoice.pk}/submit/").status_code == 200
