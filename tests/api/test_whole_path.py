"""From a customer to a paid invoice, by keys of several people."""

from typing import Any

from django.utils import timezone

from invoices.models import Invoice
from ledger.queries import faults
from tests.api.client import Api, refused
from tests.world import World


def _customer(api: Api, world: World) -> Any:
    return api.post(
        "customers/",
        {
            "entity": world.entity.code,
            "name": "Nordwind Logistik",
            "country": "DE",
            "address": {
                "lines": ["Hafenstraße 1"],
                "postal_code": "20457",
                "city": "Hamburg",
                "country": "DE",
            },
            "contact": {"name": "Rechnungen", "email": "ap@nordwind.example", "purposes": ["billing"]},
        },
    )


def _approve(api: Api, path: str) -> Any:
    flags = api.get(path)["approval"]["flags"]
    return api.post(f"{path}approve/", {"confirmed": [flag["key"] for flag in flags]})


def test_customer_to_paid_invoice_and_credit(world: World) -> None:
    clerk, director, cash = Api(world.clerk), Api(world.director), Api(world.cash)
    customer = _customer(clerk, world)
    assert customer["addresses"][0]["city"] == "Hamburg"

    made = clerk.send(
        "POST",
        "invoices/",
        {
            "customer": customer["id"],
            "external_id": "order-1",
            "lines": [
                {"item": world.item.code, "quantity": "2"},
                {"description": "Travel to site", "quantity": "1", "unit_price": "100.50"},
            ],
            "expected_total": "405.20",
        },
    )
    draft = Api.ok(made)
    assert made.status_code == 201
    assert made["ETag"] == '"v1"'
    assert made["Location"] == f"/api/v1/invoices/{draft['id']}/"
    assert (draft["net_total"], draft["tax_total"], draft["payable"]) == ("340.50", "64.70", "405.20")
    assert draft["lines"][0]["unit_price"] == "120.00"
    assert (draft["balance"], draft["settlement_status"]) == ("0.00", None)
    assert draft["external_id"] == "order-1"
    path = f"invoices/{draft['id']}/"

    assert not [one for one in clerk.get(f"{path}check/")["items"] if one["severity"] == "block"]
    waiting = clerk.post(f"{path}submit/")
    assert waiting["document_status"] == "pending_approval"
    refused(clerk.send("POST", f"{path}approve/"), 409, rule="nobody_approves_their_own_request")
    assert _approve(director, path)["document_status"] == "approved"
    issued = clerk.post(f"{path}issue/")
    assert issued["number"]
    assert issued["balance"] == "405.20"
    assert issued["tax_groups"][0]["tax"] == "64.70"

    note = clerk.post(
        f"{path}credit-notes/",
        {"reason_code": "NDL", "reason": "Travel was cancelled", "lines": [{"position": 2, "net": "100.50"}]},
    )
    assert note["credits"] == draft["id"]
    clerk.post(f"invoices/{note['id']}/submit/")
    if clerk.get(f"invoices/{note['id']}/")["document_status"] == "pending_approval":
        _approve(director, f"invoices/{note['id']}/")
    clerk.post(f"invoices/{note['id']}/issue/")
    rest = clerk.get(path)["balance"]
    assert rest == "285.60"

    payment = cash.post(
        "payments/",
        {
            "entity": world.entity.code,
            "customer": customer["id"],
            "received_on": timezone.localdate().isoformat(),
            "currency": "EUR",
            "amount": rest,
            "reference": issued["number"],
        },
    )
    proposal = cash.get(f"payments/{payment['id']}/proposal/")
    item = issued["instalments"][0]["open_item"]
    assert proposal["parts"] == [{"item": item, "amount": rest, "why": "reference quoted"}]
    parts = [{"item": part["item"], "amount": part["amount"]} for part in proposal["parts"]]
    used = cash.post(f"payments/{payment['id']}/allocations/", {"parts": parts})
    assert used["unallocated"] == "0.00"
    paid = clerk.get(path)
    assert paid["balance"] == "0.00"
    # A part was credited, the rest paid.
    assert Invoice.objects.get(pk=draft["id"]).balance == 0

    undone = cash.post(
        f"payments/{payment['id']}/allocations/{used['allocations'][0]['id']}/undo/",
        {"reason": "Belongs to another invoice"},
    )
    assert undone["unallocated"] == rest
    back = cash.post(
        f"payments/{payment['id']}/bounce/",
        {"on": timezone.localdate().isoformat(), "reason": "Account closed"},
    )
    assert back["state"] == "bounced"
    assert faults() == []


def test_a_credit_is_used_for_another_invoice(world: World) -> None:
    now = timezone.now()
    clerk, director, cash = Api(world.clerk), Api(world.director), Api(world.cash)
    first = world.issued("100.00", now=now)
    world.pay(first, "119.00", now=now)
    second = world.issued("200.00", now=now)
    note = clerk.post(f"invoices/{first.pk}/credit-notes/", {"reason_code": "QLT", "reason": "Came too late"})
    path = f"invoices/{note['id']}/"
    clerk.post(f"{path}submit/")
    if clerk.get(path)["document_status"] == "pending_approval":
        _approve(director, path)
    clerk.post(f"{path}issue/")
    credit = cash.get(f"credits/?customer={world.customer.pk}")["items"][0]
    assert credit["open_amount"] == "119.00"
    item = clerk.get(f"invoices/{second.pk}/")["instalments"][0]["open_item"]
    used = cash.post(f"credits/{credit['id']}/use/", {"parts": [{"item": item, "amount": "119.00"}]})
    assert used["open_amount"] == "0.00"
    assert clerk.get(f"invoices/{second.pk}/")["balance"] == "119.00"
