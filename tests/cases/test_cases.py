"""Cases open by themselves, climb once, close when paid; work on them, each with a next action."""

from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from cases import operations, queries
from cases.models import Call, Case, Escalation
from core.errors import DomainError
from entities.queries import local_day
from team import absences
from tests.factories import make_customer, make_user
from tests.world import NOW, TODAY, furnish, make_world
from trail.models import Entry
from work.models import WorkItem

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def world():
    return make_world()


def overdue(world, net="1000", *, days=15, **values):
    return world.issued(net, now=NOW - timedelta(days=30 + days), **values)


def the_case(world) -> Case:
    operations.refresh_cases(world.entity, now=NOW)
    return Case.objects.select_related("entity", "customer", "owner").get()


def test_a_case_opens_by_itself_once_with_owner_and_next_action(world):
    collector = make_user("collector")
    overdue(world)

    first = operations.refresh_cases(world.entity, now=NOW)
    again = operations.refresh_cases(world.entity, now=NOW)

    case = Case.objects.get()
    assert (first["opened"], again) == (1, {"opened": 0, "changed": 0, "closed": 0})
    assert (case.owner, case.stage, case.next_action, case.next_on) == (collector, "watch", "call", TODAY)
    assert (case.overdue_30, case.items, case.shown_currency) == (D("1190"), 1, "EUR")
    assert case.value_at_risk == D("65.45")
    assert Entry.objects.filter(fact="case.opened").count() == 1


def test_what_is_due_today_or_held_as_a_whole_is_not_at_risk(world):
    world.issued("1000", now=NOW - timedelta(days=30))
    assert operations.refresh_cases(world.entity, now=NOW)["opened"] == 0
    assert operations.refresh_cases(world.entity, now=NOW + timedelta(days=1))["opened"] == 1


def test_the_disputed_part_is_not_counted(world):
    from invoices.operations import hold

    invoice = overdue(world)
    hold(invoice, D("190"), reason="Wrong hours", actor=world.clerk, now=NOW)

    case = the_case(world)

    assert (case.overdue_30, case.held, case.shown_amount) == (D("1000"), D("190"), D("1000"))


def test_money_that_waits_makes_applying_it_the_next_action(world):
    overdue(world)
    world.received("2000")

    case = the_case(world)

    assert (case.next_action, case.unapplied, case.value_at_risk) == ("apply_cash", D("2000"), 0)


def test_a_case_closes_when_paid_and_its_work_ends(world):
    invoice = overdue(world, days=40)
    operations.go_round(world.entity, now=NOW)
    assert WorkItem.objects.get().state == "assigned"
    world.pay(invoice, "1190")

    operations.go_round(world.entity, now=NOW)

    case = Case.objects.get()
    assert (case.stage, case.next_action, case.value_at_risk) == ("closed", None, 0)
    assert WorkItem.objects.get().state == "done"
    assert operations.refresh_cases(world.entity, now=NOW)["opened"] == 0


def test_own_collector_first_then_the_one_with_the_fewest_and_nobody_away(world):
    ann, ben, cat = (make_user("collector") for _ in range(3))
    absences.enter_absence(cat, first_on=TODAY, last_on=TODAY, deputy=ann, actor=cat, now=NOW)
    own = make_customer(entity=world.entity, owner=ben)
    furnish(own, world.lead)
    for customer in (world.customer, own):
        overdue(world, customer=customer)

    operations.refresh_cases(world.entity, now=NOW)

    assert Case.objects.get(customer=own).owner == ben
    assert Case.objects.get(customer=world.customer).owner == ann


def test_no_overdue_account_is_without_next_action(world):
    overdue(world)
    days = [(world.entity, local_day(world.entity, NOW))]
    assert queries.without_next_action(days) == [world.customer.pk]

    operations.go_round(world.entity, now=NOW)

    assert queries.without_next_action(days) == []
    with pytest.raises(IntegrityError, match="an_open_case_has_a_next_action"), transaction.atomic():
        Case.objects.update(next_action=None)


@pytest.mark.parametrize(("days", "levels"), [(29, 0), (30, 1), (45, 2), (60, 3)])
def test_the_path_up_by_age_each_level_once(world, days, levels):
    overdue(world, days=days)

    for _ in range(2):
        operations.go_round(world.entity, now=NOW)

    to = [world.lead, world.controller, world.controller]
    assert [row.to for row in Escalation.objects.all()] == to[:levels]
    assert WorkItem.objects.filter(kind="escalation").count() == levels
    assert Case.objects.get().level == levels


def test_a_large_amount_goes_to_the_lead_at_once(world):
    overdue(world, "30000", days=1)

    operations.go_round(world.entity, now=NOW)

    assert [row.level for row in Escalation.objects.all()] == [1]


def test_the_deputy_stands_in_for_a_lead_who_is_away(world):
    deputy = make_user("specialist")
    absences.enter_absence(
        world.lead,
        first_on=TODAY,
        last_on=TODAY + timedelta(days=5),
        deputy=deputy,
        actor=world.lead,
        now=NOW,
    )
    overdue(world, days=31)

    operations.go_round(world.entity, now=NOW)

    row = Escalation.objects.get()
    assert (row.to, row.deputy_of) == (deputy, world.lead)


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_the_same_time_open_and_escalate_once():
    world = make_world()
    overdue(world, days=61)
    together, faults = Barrier(4), []

    def round_():
        try:
            together.wait()
            operations.go_round(world.entity, now=NOW)
        except Exception as fault:  # noqa: BLE001  # told below
            faults.append(fault)
        finally:
            connection.close()

    threads = [Thread(target=round_) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert Case.objects.count() == 1
    assert [row.level for row in Escalation.objects.all()] == [1, 2, 3]
    assert Entry.objects.filter(fact="case.escalated").count() == 3


def call(case: Case, world, **values):
    given = {"outcome": "reached", "next_action": "call", "next_on": TODAY + timedelta(days=3)}
    return operations.note_call(case, actor=world.clerk, now=NOW, **(given | values))


def test_a_call_moves_the_case_and_says_what_is_next(world):
    overdue(world)
    case = the_case(world)

    call(case, world, note="Ms Byrne checks with her boss", next_action="write")

    case.refresh_from_db()
    assert (case.stage, case.next_action, case.next_on) == ("called", "write", date(2026, 11, 19))
    assert case.last_contact_at == NOW


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "nonsense"},
        {"next_action": ""},
        {"next_on": TODAY - timedelta(days=1)},
        {"next_on": TODAY + timedelta(days=91)},
        {"outcome": "refused", "note": "no"},
    ],
)
def test_a_call_without_outcome_or_next_step_is_refused(world, values):
    overdue(world)
    case = the_case(world)

    with pytest.raises(DomainError):
        call(case, world, **values)

    case.refresh_from_db()
    assert not Call.objects.exists()
    assert case.next_on == TODAY


def test_a_corrected_note_keeps_the_first_one(world):
    overdue(world)
    case = the_case(world)
    first = call(case, world, outcome="voicemail")

    second = operations.correct_call(
        first,
        outcome="hardship",
        next_action="write",
        next_on=TODAY,
        note="Lost their main customer",
        actor=world.clerk,
        now=NOW,
    )

    assert second.corrects == first
    assert Case.objects.get().hardship
    with pytest.raises(DomainError, match="corrected before"):
        operations.correct_call(
            first, outcome="reached", next_action="call", next_on=TODAY, actor=world.clerk, now=NOW
        )
    with pytest.raises(IntegrityError, match="a_call_is_corrected_not_edited"), transaction.atomic():
        Call.objects.filter(pk=first.pk).update(note="Never happened")
    assert Call.objects.count() == 2


def test_skip_snooze_and_delegate_have_reasons_and_bounds(world):
    overdue(world)
    case = the_case(world)
    colleague = make_user("collector")
    act = {"actor": world.clerk, "now": NOW}
    for refused in (
        lambda: operations.skip(case, reason="", **act),
        lambda: operations.snooze(case, until=TODAY, reason="Back in a week", **act),
        lambda: operations.snooze(case, until=TODAY + timedelta(days=31), reason="Back in a month", **act),
        lambda: operations.delegate(case, to=make_user("auditor"), reason="Yours now", **act),
    ):
        with pytest.raises(DomainError):
            refused()
    case.refresh_from_db()
    assert (case.snoozed_until, case.owner) == (None, None)

    operations.skip(case, reason="Waits for the lawyer", **act)
    case.refresh_from_db()
    assert case.snoozed_until == date(2026, 11, 17)
    operations.snooze(case, until=date(2026, 11, 25), reason="On holiday until then", **act)
    operations.delegate(case, to=colleague, reason="Knows the customer", **act)

    case.refresh_from_db()
    assert (case.snoozed_until, case.owner, case.collector) == (date(2026, 11, 25), colleague, colleague)
    with pytest.raises(DomainError, match="has it already"):
        operations.delegate(case, to=colleague, reason="Once more", **act)


def test_figures_of_many_cases_cost_the_same_few_statements(world, django_assert_max_num_queries):
    for name in ("Alder Foods", "Quarry Stone", "Zephyr Sails"):
        customer = make_customer(entity=world.entity, name=name)
        furnish(customer, world.lead)
        overdue(world, customer=customer)

    with django_assert_max_num_queries(30):
        assert operations.refresh_cases(world.entity, now=NOW)["opened"] == 3
    with django_assert_max_num_queries(15):
        assert operations.refresh_cases(world.entity, now=NOW + timedelta(days=31))["changed"] == 3
