"""Pages of collection work: what they show, what they do, how few statements they need."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from cases import operations
from cases.models import Call, Case, HandOver, Plan, Promise
from tests.factories import make_customer, make_user
from tests.world import NOW, furnish, make_world

pytestmark = pytest.mark.django_db
D = Decimal
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def now():
    with time_machine.travel(NOW):
        yield NOW


@pytest.fixture
def world(now):
    return make_world()


@pytest.fixture
def collector():
    return make_user("collector", name="Ann Collector")


@pytest.fixture
def invoice(world, collector, now):
    """1,190.00 due fifteen days ago, and its case."""
    row = world.issued("1000", now=now - timedelta(days=45))
    operations.go_round(world.entity, now=now)
    return row


@pytest.fixture
def case(invoice):
    return Case.objects.get()


@pytest.fixture
def page(client, collector):
    client.force_login(collector, backend=BACKEND)
    return client


def soon(days: int = 3) -> str:
    day = timezone.localdate() + timedelta(days=days)
    return (day + timedelta(days=(7 - day.weekday()) if day.weekday() > 4 else 0)).isoformat()


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_the_worklist_ranks_and_explains(page, world, case, now):
    other = make_customer(entity=world.entity, name="Quarry Stone")
    furnish(other, world.lead)
    world.issued("9000", now=now - timedelta(days=44), customer=other)
    operations.go_round(world.entity, now=now)

    answer = page.get(reverse("cases:worklist"))

    shown = text(answer)
    assert [row.case.customer.name for _, row in answer.context["rows"]] == [
        "Quarry Stone",
        world.customer.name,
    ]
    assert "15 days late." in shown
    assert "No payment history yet." in shown
    assert "535.50" in shown
    assert "no payment history yet, 10 % more" in shown


def test_the_worklist_needs_few_statements(page, world, case, now, django_assert_max_num_queries):
    for name in ("Alder Foods", "Zephyr Sails"):
        customer = make_customer(entity=world.entity, name=name)
        furnish(customer, world.lead)
        world.issued("500", now=now - timedelta(days=44), customer=customer)
    operations.go_round(world.entity, now=now)
    page.get(reverse("cases:worklist"))

    with django_assert_max_num_queries(30):
        answer = page.get(reverse("cases:worklist"))
    assert len(answer.context["rows"]) == 3
    with django_assert_max_num_queries(30):
        page.get(case.get_absolute_url())


def test_an_empty_worklist_says_that_all_is_done(page):
    assert "All done" in text(page.get(reverse("cases:worklist")))


@pytest.mark.parametrize("tab", ["", "team", "quiet", "later", "snoozed", "done"])
def test_every_tab_opens(page, case, tab):
    answer = page.get(reverse("cases:worklist"), {"tab": tab})

    assert answer.status_code == 200
    assert len(answer.context["rows"]) == (1 if tab in ("", "team") else 0)


def test_a_quiet_account_is_listed_even_when_put_off(page, case, now):
    operations.snooze(
        case,
        until=timezone.localdate() + timedelta(days=20),
        reason="They asked for it",
        actor=case.owner,
        now=now,
    )
    assert page.get(reverse("cases:worklist")).context["rows"] == []

    Case.objects.update(last_worked_at=now - timedelta(days=15))

    assert len(page.get(reverse("cases:worklist")).context["rows"]) == 1


def test_a_call_is_noted_in_place_and_the_next_account_comes(page, case):
    answer = page.post(
        reverse("cases:call", args=[case.pk]),
        {
            "from": "worklist:",
            "call-channel": "phone",
            "call-outcome": "voicemail",
            "call-next_action": "call",
            "call-next_on": soon(),
        },
    )

    assert answer.status_code == 302
    assert answer.url == reverse("cases:worklist")
    assert Call.objects.get().outcome == "voicemail"
    assert page.get(reverse("cases:worklist")).context["rows"] == []
    assert len(page.get(reverse("cases:worklist"), {"tab": "done"}).context["rows"]) == 1


def test_a_call_without_a_next_day_comes_back_with_the_reason(page, case):
    answer = page.post(
        reverse("cases:call", args=[case.pk]),
        {"call-channel": "phone", "call-outcome": "reached", "call-next_action": "call", "call-next_on": ""},
    )

    assert answer.status_code == 422
    assert "This is needed" in text(answer)
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("act", "values"),
    [
        ("skip", {"skip-reason": "Their office is closed"}),
        ("snooze", {"snooze-until": soon(5), "snooze-reason": "Pays on Friday"}),
    ],
)
def test_putting_off_takes_it_from_the_list(page, case, act, values):
    page.post(reverse(f"cases:{act}", args=[case.pk]), values | {"from": "worklist:"})

    assert page.get(reverse("cases:worklist")).context["rows"] == []
    assert len(page.get(reverse("cases:worklist"), {"tab": "snoozed"}).context["rows"]) == 1


def test_giving_it_to_a_colleague(page, case, world):
    page.post(
        reverse("cases:delegate", args=[case.pk]),
        {"delegate-to": str(world.lead.pk), "delegate-reason": "A large account"},
    )

    case.refresh_from_db()
    assert case.owner == world.lead


def test_a_promise_is_noted_and_seen_at_the_invoice(page, case, invoice, world):
    form = page.get(reverse("cases:promise_new", args=[case.pk]))
    assert form.context["form"].initial["amount"] == D("1190")

    page.post(
        reverse("cases:promise_new", args=[case.pk]),
        {"invoices": [invoice.pk], "amount": "1,190.00", "promised_on": soon(), "channel": "phone"},
    )

    promise = Promise.objects.get()
    assert promise.state == "open"
    assert "1,190.00" in text(page.get(reverse("cases:invoice_panel", args=[invoice.pk])))
    assert "Open" in text(page.get(reverse("cases:customer_panel", args=[world.customer.pk])))
    assert page.get(promise.get_absolute_url()).status_code == 200
    for tab in ("open", "due", "kept", "broken", "waiting"):
        assert page.get(reverse("cases:promises"), {"tab": tab}).status_code == 200


def plan_of(page, case, invoice, **values) -> Plan:
    given = {
        "invoices": [invoice.pk],
        "parts": "3",
        "rhythm": "monthly",
        "first_on": soon(14),
        "yearly_rate": "0",
    }
    page.post(reverse("cases:plan_new", args=[case.pk]), given | values)
    return Plan.objects.get()


def test_a_plan_is_offered_in_three_steps_with_the_exact_parts_before(page, case, invoice, client, world):
    shown = page.get(reverse("cases:plan_new", args=[case.pk]))
    before = [part.amount for part in shown.context["parts"]]

    plan = plan_of(page, case, invoice)

    assert [part.amount for part in plan.parts.all()] == before
    assert sum(before) == D("1190")
    client.force_login(world.controller, backend=BACKEND)
    assert "Approve" in text(client.get(plan.get_absolute_url()))
    client.post(reverse("cases:plan_approve", args=[plan.pk]))
    client.post(reverse("cases:plan_accept", args=[plan.pk]), {"evidence": "Signed offer came by mail"})
    plan.refresh_from_db()
    assert (plan.state, plan.accepted_by) == ("current", world.controller)
    for tab in ("current", "offered", "defaulted", "ended"):
        assert client.get(reverse("cases:promises"), {"tab": tab}).status_code == 200


def test_the_preview_follows_what_is_typed_and_says_why_not(page, case, invoice):
    url = reverse("cases:plan_preview", args=[case.pk])
    given = {
        "invoices": [invoice.pk],
        "parts": "2",
        "rhythm": "weekly",
        "first_on": soon(),
        "yearly_rate": "0",
    }

    assert text(page.post(url, given)).count("595.00") == 2
    late = (date.today() + timedelta(days=200)).isoformat()  # noqa: DTZ011  # far enough in any zone
    assert "within three months" in text(page.post(url, given | {"first_on": late}))
    assert "Fill in" in text(page.post(url, given | {"parts": "x"}))


def test_hardship_stop_write_off_and_correction_have_their_pages(page, case, invoice, world):
    for name, values in (
        ("hardship", {"on": "1", "note": "Lost their largest customer"}),
        ("stop", {"stop": "insolvency", "note": "Published by the court of Bremen"}),
        ("write_off", {"invoice": invoice.pk, "amount": "1190", "reason": "No assets, says the court"}),
    ):
        url = reverse(f"cases:{name}", args=[case.pk])
        assert page.get(url).status_code == 200
        assert page.post(url, {"csrf": "-"}).status_code == 422
        assert page.post(url, values).status_code == 302
    case.refresh_from_db()
    assert (case.hardship, case.stop) == (True, "insolvency")
    assert invoice.write_offs.get().state == "pending"


def test_a_hand_over_is_asked_approved_packed_and_downloaded(
    page, case, invoice, world, django_capture_on_commit_callbacks
):
    page.post(
        reverse("cases:hand_over_new", args=[case.pk]),
        {"kind": "agency", "recipient": "Inkasso Nord", "reason": "Nobody answers any more"},
    )
    row = HandOver.objects.get()
    assert page.get(reverse("cases:hand_over_pack", args=[row.pk])).status_code == 302

    page.force_login(world.controller, backend=BACKEND)
    page.post(reverse("cases:hand_over_approve", args=[row.pk]))
    row.refresh_from_db()
    operations.make_pack(row.job, now=timezone.now())

    row.refresh_from_db()
    answer = page.get(reverse("cases:hand_over_pack", args=[row.pk]))
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert "SHA256SUMS.txt" in text(page.get(reverse("cases:hand_over", args=[row.pk])))
    case.refresh_from_db()
    assert case.stage == "agency"


def test_a_reader_sees_no_act(client, case):
    client.force_login(make_user("auditor"), backend=BACKEND)

    shown = text(client.get(reverse("cases:worklist"), {"tab": "team"}))

    assert case.customer.name in shown
    assert "data-key" not in shown
    assert client.post(reverse("cases:skip", args=[case.pk]), {"skip-reason": "no reason"}).status_code == 403
