"""The gateway of the demo: its page is ours and says so, no card is asked for and no money moves."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from checkout.gateways._port import Declined, Disputed, Knock, Order, Outcome, Page, Repaid
from checkout.models import DemoPage
from checkout.rules import BadSignature
from core.money import round_money

_FEE = Decimal("0.015")


class DemoGateway:
    """The port over one table."""

    def open_page(self, order: Order) -> Page:
        page, _ = DemoPage.objects.get_or_create(
            handle=order.handle,
            defaults={
                "label": order.label[:200],
                "currency": order.currency,
                "amount": order.amount,
                "back_to": order.back_to,
                "until": order.until,
            },
        )
        return Page(f"demo_{page.pk}", reverse("checkout:demo", args=[page.handle]))

    def outcome(self, gateway_id: str) -> Outcome:
        page = _page(gateway_id)
        state = "expired" if page.state == "open" and page.until <= timezone.now() else page.state
        if state != "paid":
            return Outcome(state, gateway_id=gateway_id)
        fee = round_money(page.amount * _FEE, page.currency)
        return Outcome(
            "paid",
            gateway_id=gateway_id,
            intent_id=f"{gateway_id}_intent",
            amount=round_money(page.amount, page.currency),
            currency=page.currency,
            paid_at=page.paid_at,
            fee=fee,
            fee_currency=page.currency,
        )

    def close_page(self, gateway_id: str) -> Outcome:
        DemoPage.objects.filter(pk=_page(gateway_id).pk, state="open").update(state="expired")
        return self.outcome(gateway_id)

    @transaction.atomic
    def repay(self, handle: str, intent_id: str, amount: Decimal, currency: str) -> Repaid:
        del currency
        page = _page(intent_id.removesuffix("_intent"), lock=True)
        if page.repaid + amount > page.amount:
            raise Declined("More than was paid is not given back.", rule="the_gateway_agrees")
        DemoPage.objects.filter(pk=page.pk).update(repaid=page.repaid + amount)
        return Repaid(f"demo_{handle}", "done")

    def repayment(self, gateway_id: str) -> Repaid:
        return Repaid(gateway_id, "done")

    def dispute(self, gateway_id: str) -> Disputed:
        raise Declined(f"The demo knows no dispute {gateway_id}.", rule="the_gateway_agrees")

    def read_event(self, body: bytes, signature: str, *, now: datetime) -> Knock:
        del body, signature, now
        raise BadSignature("The demo's gateway sends no events.", rule="an_event_is_signed")


def _page(gateway_id: str, *, lock: bool = False) -> DemoPage:
    rows = DemoPage.objects.select_for_update() if lock else DemoPage.objects.all()
    number = gateway_id.removeprefix("demo_")
    found = rows.filter(pk=int(number)).first() if number.isdigit() else None
    if found is None:
        raise Declined("The demo's gateway knows no such page.", rule="the_gateway_agrees")
    return found
