"""The year of the demo is history and told to nobody; what happened today is told, and waits to be read."""

from datetime import datetime, timedelta

from django.db.models import Max

from customers import operations as customers
from customers.models import BillingRequirement, Contact, Customer
from entities.models import Entity
from invoices.models import Invoice
from notices import operations
from notices.audience import under
from notices.models import Notice, Reading
from notices.operations import TELL, UNTOLD_UP_TO
from policies.models import Policy
from policies.queries import earliest_effective
from team.absences import day_of, enter_absence, possible_deputies
from team.models import User
from trail.models import Announcement, Entry

_DAY = timedelta(days=1)
# Who is away: role, first day from today, days, why.
_AWAY = (
    ("cash_applier", -1, 5, "Family holiday"),
    ("lead", 6, 10, "Winter holiday"),
    ("controller", 20, 3, "Audit training"),
)


def tell_today(people: dict[str, User], now: datetime) -> None:
    """Absences, watched records, something that must be read, and notices of change on their way."""
    operations.install_rules(now=now)
    _be_away(people, now)
    watched = _watch(people, now)
    _change_requirements(watched, people, now)
    _announce(people, now)


def leave_untold(now: datetime) -> None:
    """No mail goes out, and nothing counts as late, for what the demo lived through."""
    Announcement.objects.filter(task=TELL, handed_over_at=None).update(handed_over_at=now)
    newest = Announcement.objects.aggregate(newest=Max("id"))["newest"] or 0
    Reading.objects.update_or_create(name=UNTOLD_UP_TO, defaults={"entry": newest})


def _be_away(people: dict[str, User], now: datetime) -> None:
    for role, first, days, why in _AWAY:
        person = people[role]
        deputy = (
            possible_deputies(person).filter(groups__isnull=False).exclude(absences__isnull=False).first()
        )
        if deputy is None:
            continue
        begins = day_of(person, now) + first * _DAY
        enter_absence(
            person,
            first_on=begins,
            last_on=begins + (days - 1) * _DAY,
            deputy=deputy,
            note=why,
            actor=person,
            now=now - 2 * _DAY,
        )


def _watch(people: dict[str, User], now: datetime) -> list[Customer]:
    """Two customers and an overdue invoice that people keep an eye on."""
    active = Customer.objects.filter(entity__code="NWE", status="active")
    plain = active.exclude(pk__in=BillingRequirement.objects.exclude(customer=None).values("customer"))
    found = list(plain.order_by("number")[:2])
    for role in ("specialist", "lead", "collector"):
        for one in found:
            operations.watch(one, path=one.get_absolute_url(), actor=people[role], now=now - _DAY)
    overdue = Invoice.objects.filter(
        document_status=Invoice.Status.ISSUED, balance__gt=0, due_on__lt=now.date()
    ).order_by("-balance")
    if (invoice := overdue.first()) is not None:
        operations.watch(invoice, path=invoice.get_absolute_url(), actor=people["lead"], now=now - _DAY)
    return found


def _change_requirements(watched: list[Customer], people: dict[str, User], now: datetime) -> None:
    """New requirements, which billers must read; one of them has."""
    for customer in watched:
        row = customers.add_requirement(
            customer=customer,
            kind="po_required",
            severity="warn",
            valid_from=now.date(),
            source="Mail of their purchasing, this morning",
            actor=people["controller"],
            now=now - timedelta(hours=5),
        )
        entry = Entry.objects.filter(fact="requirement.created", object_id=row.pk).latest("id")
        operations.tell(entry.pk, now=now - timedelta(hours=5))
    operations.tell_watchers(now=now - timedelta(hours=5))
    reader = Notice.objects.filter(must_read=True).exclude(person__in=[people["specialist"], people["lead"]])
    for notice in reader.order_by("pk")[:2]:
        operations.acknowledge_notice(notice, actor=notice.person, now=now - timedelta(hours=3))


def _announce(people: dict[str, User], now: datetime) -> None:
    """New terms, approved and sent by the worker as it starts; others that wait for approval."""
    entity = Entity.objects.get(code="NWU")
    lead, controller = people["lead"], people["controller"]
    lost = Contact.objects.filter(customer__entity=entity, is_active=True).order_by("customer__number")
    for contact in lost.distinct("customer__number")[:1]:
        for one in contact.customer.contacts.filter(is_active=True):
            customers.note_bounce(one, reason="550 5.1.1 no such mailbox", now=now - 3 * _DAY)
    theirs = Customer.objects.filter(entity=entity)
    current = next(
        (one for one in Policy.objects.order_by("pk") if theirs.filter(under(one, entity)).exists()), None
    )
    if current is not None:
        news = operations.write_change(
            title="Late charges are said more clearly",
            situation="policy_changed",
            entity=entity,
            policy=current,
            changes="Each reminder now says what late payment costs by the day.",
            effective_on=earliest_effective(current, now) + 14 * _DAY,
            actor=lead,
            now=now - timedelta(hours=4),
        )
        news = operations.submit_change(news, actor=lead, now=now - timedelta(hours=4))
        operations.approve_change(news, actor=controller, now=now)
    policy = Policy.objects.filter(versions__status="published").order_by("pk").first()
    if policy is None:
        return
    seller = Entity.objects.get(code="NWE")
    terms = operations.write_change(
        title="A smaller early discount from spring",
        situation="policy_changed",
        entity=seller,
        policy=policy,
        changes="The discount for early payment is 1.5 %, not 2 %.\nYou have 14 days to earn it, not 10.",
        effective_on=earliest_effective(policy, now) + 30 * _DAY,
        actor=lead,
        now=now - timedelta(hours=1),
    )
    operations.submit_change(terms, actor=lead, now=now - timedelta(hours=1))
