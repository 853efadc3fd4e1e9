"""Pro-forma, deposit, final invoice, copies and gathering: on the screen and over the API."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from invoices import operations
from invoices.models import Deduction, Invoice
from tests.api.client import Api
from tests.invoices.scene import make_scene
from tests.invoices.test_pages_editor import form

pytestmark = pytest.mark.django_db
D = Decimal


def issue(scene, invoice) -> Invoice:
    now = timezone.now()
    invoice = operations.submit_invoice(invoice, actor=scene.clerk, now=now)
    if invoice.document_status != "approved":
        flags = [flag["key"] for flag in operations.pending_approval(invoice).flags]
        invoice = operations.approve_invoice(invoice, actor=scene.controller, now=now, confirmed=flags)
    return operations.issue_invoice(invoice, actor=scene.clerk, now=now)


def test_announced_made_and_taken_off_on_the_screen(client, db):
    scene = make_scene()
    client.force_login(scene.clerk)
    new = reverse("invoices:new")
    picked = client.get(new, {"q": "kestrel", "kind": "deposit"}).content.decode()
    assert f"?customer={scene.customer.pk}&amp;kind=deposit" in picked
    shown = client.get(new, {"customer": scene.customer.pk, "kind": "deposit"}).content.decode()
    assert "A deposit is billed before the supply" in shown
    made = {}
    for kind in ("deposit", "proforma"):
        client.post(new, form(scene, kind=kind, token=kind))
        made[kind] = issue(scene, Invoice.objects.get(document_type=kind))
    page = client.get(made["proforma"].get_absolute_url()).content.decode()
    assert "Make the invoice of it" in page
    assert "Record payment" not in page
    answer = client.post(reverse("invoices:convert", args=[made["proforma"].pk]))
    invoice = Invoice.objects.get(made_from=made["proforma"])
    assert answer.headers["Location"] == reverse("invoices:edit", args=[invoice.pk])
    assert "It is written" in client.get(made["proforma"].get_absolute_url()).content.decode()

    chooser = reverse("invoices:deposits", args=[invoice.pk])
    assert f"{made['deposit'].number} · " in client.get(chooser).content.decode()
    assert client.post(chooser, {"deposits": [made["deposit"].pk]}).status_code == 302
    invoice.refresh_from_db()
    assert (invoice.prepaid, invoice.payable) == (made["deposit"].payable, 0)
    assert "Belongs together" in client.get(invoice.get_absolute_url()).content.decode()
    # An edit of the lines keeps the deposit; one below it is refused at the page.
    line = {"description": "Travel, at cost", "quantity": "10", "unit_price": "418.36", "tax": "standard"}
    saved = form(scene, line, version=invoice.lock_version)
    assert client.post(reverse("invoices:edit", args=[invoice.pk]), saved).status_code == 302
    invoice.refresh_from_db()
    assert invoice.payable == invoice.gross_total - made["deposit"].payable
    saved = form(scene, {**line, "quantity": "1"}, version=invoice.lock_version)
    refused = client.post(reverse("invoices:edit", args=[invoice.pk]), saved)
    assert refused.status_code == 409
    assert "The deposits come to" in refused.content.decode()
    deposit_page = client.get(made["deposit"].get_absolute_url()).content.decode()
    assert "takes this deposit off" in deposit_page
    client.post(chooser, {})
    assert not Deduction.objects.exists()
    client.post(reverse("invoices:final", args=[made["deposit"].pk]))
    assert Deduction.objects.get().deposit == made["deposit"]
    copied = client.post(reverse("invoices:copy", args=[invoice.pk]), follow=True).content.decode()
    assert "Copied." in copied


def test_the_same_over_the_api(db):
    scene = make_scene()
    api = Api(scene.clerk)
    line = {"description": "Switch room", "quantity": "1", "unit_price": "100.00"}
    body = {"customer": scene.customer.pk, "lines": [line]}
    for kind in ("deposit", "proforma"):
        api.post("invoices/", body | {"document_type": kind})
    deposit = issue(scene, Invoice.objects.get(document_type="deposit"))
    proforma = issue(scene, Invoice.objects.get(document_type="proforma"))

    invoice = api.post(f"invoices/{proforma.pk}/convert/")
    assert (invoice["document_type"], invoice["made_from"]) == ("invoice", proforma.pk)
    assert api.send("POST", f"invoices/{proforma.pk}/convert/").status_code == 409
    final = api.post(f"invoices/{invoice['id']}/deposits/", {"deposits": [deposit.pk]})
    assert (final["prepaid"], final["payable"]) == ("119.00", "0.00")
    assert [row["number"] for row in final["deductions"]] == [deposit.number]
    assert api.send("POST", f"invoices/{deposit.pk}/final/").status_code == 409
    final = api.post(f"invoices/{invoice['id']}/deposits/", {"deposits": []})
    assert final["payable"] == "119.00"
    assert api.post(f"invoices/{deposit.pk}/final/")["prepaid"] == "119.00"
    copy = api.post(f"invoices/{invoice['id']}/copy/")
    assert copy["document_status"] == "draft"
    gathered = api.post("invoices/gather/", {"invoices": [copy["id"], invoice["id"]]})
    assert (gathered["net_total"], len(gathered["lines"])) == ("200.00", 2)
    unknown = api.send("POST", "invoices/gather/", {"invoices": [copy["id"], 10**9]})
    assert unknown.status_code == 422
