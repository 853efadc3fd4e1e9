"""A year of one company on a frozen clock: who is reminded when, and who is not, each for a reason."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cases import operations as cases
from correspondence import operations as mail
from correspondence.queries import messages_about
from invoices import operations as invoices
from reminders import operations, queries
from reminders.models import Decision, Digest, Reminder
from tests.factories import make_customer
from tests.reminders.scenes import at, days, make_scene
from tests.world import NOW, furnish

D = Decimal
FIRST, LAST = date(2026, 11, 16), date(2027, 11, 15)  # invoices of the first day are due on 16 December
QUIET_FROM = date(2027, 4, 1)
"""All ladders are done: what is forecast is nothing, and asked no more."""
DOWN = {date(2027, 2, 1), date(2027, 2, 2)}
BEFORE = [(date(2026, 12, 11), -5), (date(2026, 12, 16), 0)]
WHO = (
    "plain", "paid", "credited", "disputed", "partly", "held", "promised", "planned", "small", "cash",
    "insolvent", "agency", "pacific",
)  # fmt: skip


class Company:
    """Thirteen customers who owe one invoice each, and what happens to each of them."""

    def __init__(self) -> None:
        self.base = make_scene()
        self.worlds, self.invoices = {}, {}
        for name in WHO:
            place = {"country": "US", "state_code": "CA"} if name == "pacific" else {}
            full = f"{name} {self.base.customer.name}"
            customer = make_customer(entity=self.base.entity, actor=self.base.lead, name=full, **place)
            self.worlds[name] = replace(self.base, customer=furnish(customer, self.base.lead))
            # 1,000.00 with tax, or 1,190.00.
            amount = "840.34" if name == "partly" else "1000"
            self.invoices[name] = self.worlds[name].issued(
                amount, now=NOW, overrides={"similar-customer": "Another company"}
            )
        self.events = {
            date(2026, 12, 17): self.after_the_due_day,
            date(2026, 12, 22): self.before_christmas,
            date(2026, 12, 30): self.judge,
            date(2027, 1, 14): self.judge,
        }

    def after_the_due_day(self, now) -> None:
        base, ours = self.base, self.invoices
        invoices.hold(ours["disputed"], ours["disputed"].payable, reason="Late", actor=base.clerk, now=now)
        invoices.hold(ours["partly"], D(200), reason="Two days too many", actor=base.clerk, now=now)
        until = date(2027, 1, 8)
        invoices.hold(
            ours["held"], ours["held"].payable, reason="Report", until=until, actor=base.clerk, now=now
        )
        self.worlds["small"].pay(ours["small"], "1186", now=now)
        self.worlds["cash"].received("1190", now=now)
        self.worlds["insolvent"].customer.insolvent = True
        self.worlds["insolvent"].customer.save(update_fields=["insolvent"])
        agency = self.worlds["agency"].customer
        operations.pause(agency, kind="agency", reason="Handed over", now=now, key="agency:1")
        cases.refresh_cases(base.entity, now=now)
        cases.make_promise(
            self.worlds["promised"].customer,
            amount=D(1190),
            currency="EUR",
            promised_on=date(2026, 12, 23),
            invoices=[ours["promised"]],
            channel="phone",
            actor=base.clerk,
            now=now,
        )
        plan = cases.offer_plan(
            self.worlds["planned"].customer,
            parts=3,
            rhythm="monthly",
            first_on=date(2027, 1, 4),
            invoices=[ours["planned"]],
            currency="EUR",
            actor=base.clerk,
            now=now,
        )
        plan = cases.approve_plan(plan, actor=base.lead, now=now)
        cases.accept_plan(plan, contact=None, evidence="Signed offer by e-mail", actor=base.clerk, now=now)

    def before_christmas(self, now) -> None:
        self.worlds["paid"].pay(self.invoices["paid"], "1190", now=now)
        note = invoices.credit_in_full(
            self.invoices["credited"],
            reason_code="NDL",
            reason="It never arrived",
            actor=self.base.clerk,
            now=now,
        )
        invoices.issue_invoice(self.base.approve(note, now=now), actor=self.base.clerk, now=now)

    def judge(self, now) -> None:
        cases.go_round(self.base.entity, now=now)

    def live(self, day: date) -> None:
        """Events at five, the round at six, and sending at two hours; what leaves arrives."""
        if day in self.events:
            self.events[day](at(day, 5))
        if day in DOWN:
            return
        operations.release_ended_holds(self.base.entity, now=at(day, 6))
        operations.decide_round(self.base.entity, now=at(day, 6))
        for hour in (10, 17):
            self.send(at(day, hour))

    def send(self, now) -> None:
        entity = self.base.entity
        for digest in operations.send_reminders(entity, queries.customers_to_write_to(entity, now), now=now):
            for message in messages_about(digest):
                for delivery in message.deliveries.all():
                    assert mail.claim_delivery(delivery.pk, now=now)
                    mail.note_delivered(delivery.mail_id, now=now)
            operations.note_delivery(digest, now=now)


def decided(day: date) -> set[tuple[int, int, int]]:
    rows = Decision.objects.filter(first_on=day, outcome="send")
    return set(rows.values_list("item", "step", "tone"))


@pytest.mark.slow
@pytest.mark.django_db
def test_a_year_of_reminders():
    company = Company()
    entity, ours = company.base.entity, company.invoices
    expected: set[tuple[int, int, int]] | None = None
    rules = defaultdict(dict)
    for day in days(FIRST, LAST):
        company.live(day)
        if day in DOWN:
            expected = None
            continue
        # Every overdue invoice has a decision each day.
        covering = Decision.objects.filter(first_on__lte=day, last_on__gte=day, first_on__gte=FIRST)
        found = dict(covering.values_list("invoice", "rule"))
        for name, invoice in ours.items():
            invoice.refresh_from_db(fields=["balance"])
            if invoice.balance > 0 and day > date(2026, 11, 17):
                assert invoice.pk in found, (name, day)
                rules[name][day] = found[invoice.pk]
        # Forecast of tomorrow equals tomorrow's decisions, where nothing happened in between.
        if expected is not None and day not in company.events:
            assert decided(day) == expected, day
        if day > QUIET_FROM:
            expected = None
            continue
        coming, _ = queries.upcoming(entity, day, day + timedelta(days=1))
        expected = {
            (one.row.item, one.decision.step.day, one.decision.said.tone)
            for one in coming
            if one.on == day + timedelta(days=1)
        }
    taken = {
        name: [
            (row.sent_at.date(), row.step)
            for row in invoice.reminders.filter(state__in=["sent", "done"]).order_by("step")
        ]
        for name, invoice in ours.items()
    }
    usual = [
        (date(2026, 12, 21), 3),  # the 19th is a Saturday
        (date(2026, 12, 28), 10),  # Saturday, and Boxing Day
        (date(2027, 1, 5), 20),
        (date(2027, 1, 15), 30),
        (date(2027, 2, 3), 45),  # the 30th is a Saturday, then nobody was there for two days
        (date(2027, 2, 15), 60),  # the 14th is a Sunday
    ]
    assert taken["plain"] == BEFORE + usual
    assert taken["partly"] == BEFORE + usual
    assert taken["paid"] == taken["credited"] == BEFORE + usual[:1]
    for name in ("disputed", "small", "cash", "insolvent", "agency"):
        assert taken[name] == BEFORE, name
    # Presidents' Day moves the last step in California, and it is written to by its own clock.
    assert taken["pacific"] == BEFORE + usual[:5] + [(date(2027, 2, 16), 60)]
    assert {row.sent_at.hour for row in ours["pacific"].reminders.all()} == {17}
    assert {row.sent_at.hour for row in ours["plain"].reminders.all()} == {10}
    # A promise broken, a hold that ended, a plan in default: friendly first, then a week for each level.
    assert taken["promised"] == [*BEFORE, (date(2026, 12, 30), 3), (date(2027, 1, 6), 20), *usual[3:]]
    assert taken["held"] == [
        *BEFORE,
        (date(2027, 1, 11), 3),
        (date(2027, 1, 18), 20),
        (date(2027, 1, 25), 30),
        *usual[4:],
    ]
    assert taken["planned"] == [
        *BEFORE,
        (date(2027, 1, 14), 3),
        (date(2027, 1, 21), 20),
        (date(2027, 1, 28), 30),
        (date(2027, 2, 4), 45),
        usual[5],
    ]
    stopped = {
        "disputed": "disputed",
        "small": "small_balance",
        "cash": "cash_waits",
        "insolvent": "insolvent",
        "agency": "agency",
    }
    for name, rule in stopped.items():
        assert {r for day, r in rules[name].items() if day >= date(2026, 12, 17)} == {rule}, name
    assert {row.asked for row in ours["partly"].reminders.filter(step__gt=0)} == {D(800)}
    assert rules["promised"][date(2026, 12, 23)] == "promise"
    assert rules["planned"][date(2027, 1, 4)] == "plan"
    assert rules["held"][date(2027, 1, 8)] == "disputed"
    assert Digest.objects.filter(stopped_at=None).count() == sum(
        1 for steps in taken.values() for _, step in steps if step not in (20, 60)
    )
    assert not Reminder.objects.filter(state__in=["written", "meant", "blocked"]).exists()
