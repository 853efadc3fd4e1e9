"""Paying online against a gateway that answers, fails, is late, tells twice and in any order (T17, T25)."""

import random
import time
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from checkout import operations, queries
from checkout.config import config_of
from checkout.models import Checkout, Dispute, Event, Repayment
from checkout.rules import signature
from core.errors import Refused
from correspondence import links
from invoices import operations as invoices
from invoices.models import Invoice
from ledger.models import Entry
from ledger.queries import faults
from payments import operations as payments
from payments.models import Payment, Refund
from payments.operations import Part
from tests.book.test_concurrency import together
from tests.checkout.stub import KEY, SECRETS, Stub, configured, event
from tests.world import NOW, World, make_world
from work.models import WorkItem

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def server():
    with Stub() as gateway:
        yield gateway


@pytest.fixture
def gateway(server):
    for kept in (server.faults, server.asked_faults, server.calls):
        kept.clear()
    server.page_host = server.redirect_to = ""
    return server


@pytest.fixture
def world(gateway, settings) -> World:
    made = make_world(clauses={"terms": "NET 30"})
    settings.CHECKOUT = {made.entity.code: configured(gateway)}
    return made


@pytest.fixture(autouse=True)
def book_is_sound(db):
    yield
    assert faults() == []


def begin(invoice, now=NOW, link=None) -> Checkout:
    fresh = Invoice.objects.select_related("entity", "customer").get(pk=invoice.pk)
    return operations.begin_checkout(fresh, link=link, language="en", now=now)


def told(world, kind, about, now=NOW, **more) -> bool:
    """An event arrives and the worker handles it."""
    body, signed = event(kind, about, at=now.timestamp(), **more)
    is_new = operations.take_event(world.entity, body, signed, now=now)
    for one in Event.objects.filter(about=about, handled_at=None).select_related("entity"):
        operations.handle_event(one, now=now)
    return is_new


def balance_of(invoice) -> Decimal:
    return Invoice.objects.get(pk=invoice.pk).balance


@pytest.mark.soak("T25")
@pytest.mark.timeout(1800)
def test_an_invoice_is_paid_by_what_the_gateway_says_however_often_and_in_whatever_order(
    world, gateway, size, figures
):
    """T25: ten of each event, shuffled, with those of the page's end among them: one receipt, one fee."""
    effects = 0
    dice = random.Random(25)
    kinds = ("checkout.session.completed", "checkout.session.expired", "payment_intent.succeeded",
             "checkout.session.async_payment_succeeded", "payment_intent.created")  # fmt: skip
    rounds = size(1, 40)
    for number in range(rounds):
        invoice = world.issued(f"{100 + number}.00")
        opened = begin(invoice)
        assert opened.state == "open"
        assert opened.page_url.startswith(gateway.address)
        intent = gateway.pay(opened.gateway_id, fee=175)
        news = [
            (kind, intent if kind.startswith("payment") else opened.gateway_id, f"evt_{number}_{kind}")
            for kind in kinds
            for _ in range(10)
        ]
        dice.shuffle(news)
        new = sum(told(world, kind, about, name=name) for kind, about, name in news)
        assert new == len(kinds)
        paid = Checkout.objects.get(pk=opened.pk)
        assert (paid.state, paid.intent_id, paid.fee) == ("paid", intent, Decimal("1.75"))
        assert balance_of(invoice) == 0
        effects += Payment.objects.filter(external_key=f"checkout:{paid.pk}").count()
    assert effects == rounds == Entry.objects.filter(kind="fee").count()
    last = Payment.objects.latest("pk")
    assert (last.method, last.fee, last.use[0]) == (Payment.Method.CARD, 0, "Allocated")
    figures("T25", payments=rounds, events=50 * rounds, effects_of_one_payment=effects / rounds)


def test_exactly_what_is_open_and_not_under_review_is_asked_for_on_one_page(world, gateway):
    invoice = world.issued("1000.00")
    invoices.hold(invoice, Decimal("190.00"), reason="Wrong price", actor=world.lead, now=NOW)
    first = begin(invoice)
    assert first.amount == Decimal("1000.00")
    assert gateway.sessions[first.gateway_id]["amount_total"] == 100000
    assert begin(invoice).pk == first.pk
    # A transfer pays a part: the page over the old amount is closed before another is made.
    world.pay(invoice, "400.00")
    second = begin(invoice)
    assert (second.amount, second.pk != first.pk) == (Decimal("600.00"), True)
    assert gateway.sessions[first.gateway_id]["status"] == "expired"
    assert Checkout.objects.get(pk=first.pk).state == "expired"
    # It was paid at the last moment all the same: that is found out instead of a third page.
    world.pay(invoice, "100.00")
    gateway.pay(second.gateway_id)
    third = begin(invoice)
    assert (third.pk, third.state) == (second.pk, "paid")
    # 100 came by transfer meanwhile: 500 are used, 100 are the customer's, what is under review stays open.
    assert third.payment.open_item.open_amount == Decimal("100.00")
    assert balance_of(invoice) == Decimal("190.00")
    with pytest.raises(operations.NotOnline):
        begin(invoice)
    assert len(gateway.sessions) >= 2


@pytest.mark.soak("T17")
@pytest.mark.timeout(1800)
def test_an_unknown_outcome_stays_unknown_until_the_janitor_settles_it_once(world, gateway, size, figures):
    """T17: it acts and does not answer, or does not act: nobody guesses; an hour later all is known."""
    dice = random.Random(17)
    count = size(6, 300)
    gateway.slow = 0.9
    made = []
    for number in range(count):
        invoice = world.issued(f"{200 + number}.00")
        gateway.faults[:] = [("down", "cut", "slow", "500", "busy", "cut")[number % 6]]
        begun = begin(invoice)
        assert begun.state == "unknown", gateway.calls[-1]
        assert begun.payment is None
        assert balance_of(invoice) == begun.amount
        made.append((invoice, begun))
    assert queries.stuck(NOW + timedelta(minutes=61)) == count
    # An impatient customer asks again, is answered with silence again, and then there is one page, not two.
    gateway.faults[:] = ["cut"]
    again = begin(made[0][0], now=NOW + MINUTE)
    assert (again.pk, again.state) == (made[0][1].pk, "unknown")
    gateway.faults.clear()
    rounds = 0
    now = NOW + MINUTE
    while Checkout.objects.filter(state="unknown").exists():
        now += MINUTE
        rounds += 1
        # The gateway is still ill: every fourth question is not answered.
        gateway.faults[:] = [dice.choice(["", "", "", "cut"]) for _ in range(count)]
        operations.settle_unknown(now=now)
        assert rounds < 30
    gateway.faults.clear()
    handles = {session["client_reference_id"] for session in gateway.sessions.values()}
    mine = {begun.handle for _, begun in made}
    assert sum(session["client_reference_id"] in mine for session in gateway.sessions.values()) == count
    assert mine <= handles
    for at, (_, begun) in enumerate(made):
        if at % 2 == 0:
            gateway.pay(Checkout.objects.get(pk=begun.pk).gateway_id)
    now += timedelta(minutes=11)
    for _ in range(4):
        gateway.asked_faults[:] = [dice.choice(["", "slow", "cut"]) for _ in range(3)]
        operations.settle_unknown(now=now)
        now += timedelta(minutes=11)
    gateway.asked_faults.clear()
    operations.settle_unknown(now=NOW + timedelta(minutes=59))
    states = [Checkout.objects.get(pk=begun.pk).state for _, begun in made]
    assert states[::2] == ["paid"] * len(states[::2])
    assert Payment.objects.filter(method="card").count() == len(states[::2])
    stuck = queries.stuck(NOW + timedelta(hours=3))
    figures("T17", unknown=count, rounds=rounds, stuck_after_an_hour=stuck, receipts_twice=0)
    assert stuck == 0


def test_a_page_nobody_was_sent_to_ends_as_not_paid(world, gateway):
    """Where the gateway never answers at all, the page's own end settles it: nobody knows its address."""
    invoice = world.issued("50.00")
    gateway.faults[:] = ["down"]
    begun = begin(invoice)
    gateway.faults[:] = ["down"] * 9
    operations.settle_unknown(now=NOW + timedelta(minutes=46))
    ended = Checkout.objects.get(pk=begun.pk)
    assert (ended.state, ended.payment) == ("failed", None)
    assert balance_of(invoice) == ended.amount
    gateway.faults.clear()
    assert begin(invoice, now=NOW + timedelta(minutes=47)).state == "open"


def test_nobody_is_sent_and_nothing_asked_anywhere_else(world, gateway, settings, caplog):
    """A page on another host, a redirect of the API, a refused key: no page, no secret in any text."""
    gateway.page_host = "https://evil.example"
    assert begin(world.issued("51.00")).state == "failed"
    gateway.page_host = ""
    with Stub() as other:
        gateway.redirect_to = f"{other.address}/v1/checkout/sessions"
        assert begin(world.issued("52.00")).state in ("unknown", "failed")
        gateway.redirect_to = ""
        assert other.calls == []
    config = config_of(world.entity.code)
    settings.CHECKOUT = {
        world.entity.code: {**settings.CHECKOUT[world.entity.code], "key": "sk_test_wrong_key_1"}
    }
    refused = begin(world.issued("53.00"))
    assert (refused.state, "refused" in refused.reason) == ("failed", True)
    for secret in (KEY, "sk_test_wrong_key_1", *SECRETS):
        assert secret not in repr(config) + str(config) + caplog.text
        assert not Checkout.objects.filter(reason__contains=secret).exists()
    # Not exactly chargeable, or off: no page is offered and none is made.
    settings.CHECKOUT, settings.CHECKOUT_DEMO = {}, False
    off = world.issued("54.00")
    assert queries.payable_online(off, now=NOW) is None
    with pytest.raises(operations.NotOnline):
        begin(off)
    assert not Checkout.objects.filter(invoice=off).exists()


def early(invoice, now=NOW):
    fresh = Invoice.objects.select_related("entity").get(pk=invoice.pk)
    return queries.payable_online(fresh, now=now)


def test_what_the_page_offers_for_paying_early_is_what_it_asks_for_and_settles_the_invoice(gateway, settings):
    world = make_world()  # 2 % within 10 days
    settings.CHECKOUT = {world.entity.code: configured(gateway)}
    invoice, last_day = world.issued("100.00"), NOW + timedelta(days=10)
    assert early(invoice, last_day) == queries.Asked(Decimal("116.62"), last_day.date())
    assert early(invoice, last_day + timedelta(days=1)) == queries.Asked(Decimal("119.00"))

    opened = begin(invoice, now=last_day)
    assert (opened.amount, opened.discount_on) == (Decimal("116.62"), last_day.date())
    gateway.pay(opened.gateway_id)
    # Begun in time, paid a little after midnight.
    told(world, "checkout.session.completed", opened.gateway_id, now=last_day + timedelta(hours=15))

    invoice.refresh_from_db()
    assert (invoice.balance, invoice.settlement_status) == (0, "paid")
    assert Payment.objects.get().amount == Decimal("116.62")


def test_a_page_over_yesterdays_discount_is_closed_and_what_was_paid_in_part_earns_none(gateway, settings):
    world = make_world()
    settings.CHECKOUT = {world.entity.code: configured(gateway)}
    invoice, last_day = world.issued("100.00"), NOW + timedelta(days=10)
    late = begin(invoice, now=last_day.replace(hour=22, minute=30))
    assert late.discount_on == last_day.date()

    again = begin(invoice, now=last_day.replace(hour=23, minute=5))

    assert again.pk != late.pk
    assert (again.amount, again.discount_on) == (Decimal("119.00"), None)
    other = world.issued("200.00")
    world.pay(other, "38.00")
    assert early(other) == queries.Asked(Decimal("200.00"))


def test_an_approved_refund_goes_back_to_its_card_once(world, gateway):
    invoice = world.issued("300.00")
    opened = begin(invoice)
    gateway.pay(opened.gateway_id, amount=40000)
    told(world, "checkout.session.completed", opened.gateway_id)
    credit = Payment.objects.get(external_key=f"checkout:{opened.pk}").open_item
    assert credit.open_amount == Decimal("43.00")
    # More came than was asked for: somebody looks.
    assert WorkItem.objects.filter(key=f"checkout:{opened.pk}:amount").exists()
    refund = payments.request_refund(credit, Decimal("43.00"), reason="Overpaid", actor=world.cash, now=NOW)
    with pytest.raises(Refused):
        operations.repay(refund, now=NOW)
    refund = payments.approve_refund(refund, actor=world.director, now=NOW)
    gateway.faults[:] = ["cut"]
    assert operations.repay(refund, now=NOW).state == "unknown"
    assert Refund.objects.get(pk=refund.pk).left_on is None
    operations.settle_unknown(now=NOW + MINUTE)
    operations.repay(refund, now=NOW + MINUTE)
    [sent] = [
        one
        for one in gateway.refunds.values()
        if one["payment_intent"] == Checkout.objects.get(pk=opened.pk).intent_id
    ]
    assert sent["amount"] == 4300
    done = Repayment.objects.get(refund=refund)
    left = Refund.objects.get(pk=refund.pk)
    assert (done.state, left.left_by, left.left_on) == ("done", "the gateway", NOW.date())
    # A bank refuses it weeks later: told, and somebody's work.
    gateway.refunds[done.gateway_id]["status"] = "failed"
    told(world, "refund.failed", done.gateway_id)
    assert Repayment.objects.get(pk=done.pk).state == "failed"
    assert WorkItem.objects.filter(key=f"repayment:{done.pk}:failed").exists()
    # One made on the gateway's own dashboard is nothing of ours, but somebody hears of it.
    told(world, "refund.created", "re_elsewhere", now=NOW + MINUTE)
    assert WorkItem.objects.filter(key__startswith="repaid_elsewhere:").count() == 1


def test_a_dispute_returns_the_receipt_and_a_won_one_gives_it_back(world, gateway):
    invoice = world.issued("500.00")
    opened = begin(invoice)
    intent = gateway.pay(opened.gateway_id, fee=900)
    # The dispute's news overtakes that of the payment: it waits, and nothing is lost.
    name = gateway.take_back(intent, 59500, moves=(-59500,))
    told(world, "charge.dispute.created", name)
    assert not Dispute.objects.exists()
    told(world, "checkout.session.completed", opened.gateway_id)
    operations.settle_unknown(now=NOW + MINUTE)
    payment = Payment.objects.get(external_key=f"checkout:{opened.pk}")
    assert payment.state == Payment.State.BOUNCED
    assert balance_of(invoice) == Decimal("595.00")
    # The fee stays: gateways do not give it back.
    assert Entry.objects.filter(kind="fee", reversal_of=None).count() == 1
    for kind in ("updated", "funds_withdrawn"):
        told(world, f"charge.dispute.{kind}", name)
    assert Dispute.objects.count() == WorkItem.objects.filter(kind="card_dispute").count() == 1
    gateway.disputes[name] |= {"status": "won"}
    gateway.disputes[name]["balance_transactions"].append({"object": "balance_transaction", "amount": 59500})
    for kind in ("closed", "funds_reinstated"):
        told(world, f"charge.dispute.{kind}", name)
    dispute = Dispute.objects.get()
    assert dispute.given_back.open_item.open_amount == Decimal("595.00")
    assert Payment.objects.filter(external_key__startswith="card_dispute:").count() == 1
    # A part of a receipt is a person's work: the book is left alone.
    other = begin(world.issued("80.00"))
    part = gateway.take_back(gateway.pay(other.gateway_id), 1000, moves=(-1000,))
    told(world, "checkout.session.completed", other.gateway_id)
    told(world, "charge.dispute.created", part)
    assert Checkout.objects.get(pk=other.pk).payment.state == Payment.State.RECEIVED
    assert WorkItem.objects.filter(key__endswith=":taken").count() == 1


def test_the_address_of_events_takes_what_is_signed_and_nothing_else(
    world, gateway, django_capture_on_commit_callbacks
):
    """T26 over HTTP: 400 and nothing noted; a new secret holds beside the old one; repeats are known."""
    address = reverse("checkout:events", args=[world.entity.code])
    client = Client(enforce_csrf_checks=True)
    at = time.time()
    body, good = event("checkout.session.completed", "cs_none", at=at)
    _, stale = event("checkout.session.completed", "cs_none", at=at - 3600)

    def send(body, header, to=address):
        return client.generic("POST", to, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=header)

    for bad_body, header in ((body, ""), (body, stale), (body.replace(b"  ", b""), good), (b"\xff\xfe", good),
                             (b"x" * 300_000, good)):  # fmt: skip
        assert send(bad_body, header).status_code == 400
    unreadable = b'{"id": "evt_1"}'
    assert send(unreadable, f"t={int(at)},v1={signature(unreadable, SECRETS[0], int(at))}").status_code == 400
    assert client.get(address).status_code == 405
    assert send(body, good, reverse("checkout:events", args=["NOBODY"])).status_code == 404
    assert not Event.objects.exists()
    assert [send(body, good).content for _ in range(3)] == [b"taken", b"known", b"known"]
    other, with_old = event("payment_intent.created", "pi_none", at=at, secret=SECRETS[0])
    assert send(other, with_old).content == b"taken"
    assert Event.objects.count() == 2


def test_the_customer_goes_from_the_invoice_to_the_gateway_and_back(world, gateway):
    invoice = world.issued("70.00")
    link = links.create_link(invoice, purpose=links.INVOICE, contact=None, actor=None, now=NOW, days=9000)
    page = links.path_of(link)
    client = Client(enforce_csrf_checks=True)
    shown = client.get(page)
    assert f"form-action 'self' {gateway.address}" in shown["Content-Security-Policy"]
    assert "Pay €83.30 now" in shown.content.decode()
    assert not {"cvc", "card number", "cc-number"} & set(shown.content.decode().lower().split())
    away = client.post(f"{page}pay?lang=en")
    opened = Checkout.objects.get(invoice=invoice)
    assert (away.status_code, away["Location"]) == (302, opened.page_url)
    back = reverse("checkout:back", args=[opened.handle])
    assert gateway.sessions[opened.gateway_id]["success_url"].endswith(back)
    Checkout.objects.update(asked_at=None)
    assert client.get(back)["Location"].endswith("said=not_yet")
    gateway.pay(opened.gateway_id)
    Checkout.objects.update(asked_at=None)
    home = client.get(back, follow=True)
    assert "Your payment arrived" in home.content.decode()
    assert "Pay €" not in home.content.decode()
    assert balance_of(invoice) == 0
    assert client.get(reverse("checkout:back", args=["nothing"])).status_code == 404
    # Nothing left to pay: refused, nothing made.
    assert client.post(f"{page}pay?lang=en")["Location"].endswith("said=no_pay")
    assert Checkout.objects.filter(invoice=invoice).count() == 1
    # Staff looking through the customer's eyes pays nothing.
    other = world.issued("71.00")
    seen = links.create_link(other, purpose=links.PREVIEW, contact=None, actor=world.lead, now=NOW, days=9000)
    assert client.post(f"{links.path_of(seen)}pay")["Location"].endswith("said=preview")
    assert not Checkout.objects.filter(invoice=other).exists()


def test_the_page_of_the_demo_pays_without_money_and_is_not_there_elsewhere(settings):
    world = make_world()
    invoice = world.issued("60.00")
    opened = begin(invoice)
    assert opened.gateway == "demo"
    client = Client()
    with time_machine.travel(NOW, tick=False):
        shown = client.get(opened.page_url)
        assert "This is a demo" in shown.content.decode()
        client.post(reverse("checkout:demo_pay", args=[opened.handle]))
        assert balance_of(invoice) == 0
        settings.CHECKOUT_DEMO = False
        assert client.get(opened.page_url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_never_settle_more_than_is_open(gateway, settings):
    """A transfer, the page's news ten-fold and the janitor in the same moment; and two clicks, one page."""
    world = make_world(clauses={"terms": "NET 30"})
    settings.CHECKOUT = {world.entity.code: configured(gateway, timeout=5)}
    invoice = world.issued("1000.00")
    opened_by_many: list[Checkout] = []
    assert together(4, lambda _: opened_by_many.append(begin(invoice))) == []
    assert len({one.pk for one in opened_by_many}) == 1
    opened = begin(invoice)
    gateway.pay(opened.gateway_id, fee=2000)
    transfer = world.received("700.00")
    part = Part(invoice.instalments.get().open_item_id, Decimal("700.00"))
    given = {"actor": world.cash, "now": NOW, "grant_discount": False}

    def act(number: int) -> None:
        if number == 0:
            payments.allocate_payment(transfer, [part], **given)
        else:
            operations.ask_again(Checkout.objects.select_related("entity").get(pk=opened.pk), now=NOW)

    raised = together(5, act)
    # Whoever comes second finds less open: the transfer is refused, or the card's rest is the customer's.
    assert all(isinstance(one, payments.NotAllocatable) for one in raised)
    paid = Checkout.objects.get(pk=opened.pk)
    assert (paid.state, Payment.objects.filter(method="card").count()) == ("paid", 1)
    assert Entry.objects.filter(kind="fee").count() == 1
    assert balance_of(invoice) == 0
    left = Payment.objects.get(method="card").open_item.open_amount
    assert left == (0 if raised else Decimal("700.00"))
