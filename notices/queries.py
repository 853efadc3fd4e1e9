"""Reading the protocol, what was told, and what a person has to read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from cases import queries as cases
from conversations import queries as conversations
from correspondence.models import Delivery
from customers import queries as customers
from disputes import queries as disputes
from entities import queries as entities
from invoices import queries as invoices
from notices.models import ChangeNotice, ChangeRecipient, Notice, Reading, Rule, Telling, Watch
from notices.protocol import SILENT
from notices.rules import uncovered
from payments import queries as payments
from policies import queries as policies
from policies.models import Policy
from team.models import User

State = Telling.State
LATE = Q(state=State.WAITING) | Q(told_at__gt=F("due_at"))


def known_facts() -> dict[str, str]:
    """Every fact an app can announce -> the app, from the constants of all `events` modules."""
    found: dict[str, str] = {}
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.events") is None:
            continue
        for name, value in vars(import_module(f"{config.name}.events")).items():
            if name.isupper() and isinstance(value, str) and "." in value:
                found[value] = config.label
    return found


def rules_in_force() -> QuerySet[Rule]:
    """The lines that hold now."""
    return Rule.objects.filter(is_current=True).select_related("author")


def facts_without_rule() -> list[tuple[str, str]]:
    """(fact, app) of which the protocol says nothing at all: neither a line nor why nobody hears of it."""
    known = known_facts()
    covered = {*SILENT, *rules_in_force().values_list("fact", flat=True)}
    return [(fact, known[fact]) for fact in uncovered(known, covered)]


def silent_facts() -> list[tuple[str, list[str]]]:
    """(why, facts) of which nobody is told, unless a line says otherwise by now."""
    spoken = set(rules_in_force().exclude(audience=Rule.Audience.NOBODY).values_list("fact", flat=True))
    known = known_facts()
    found: dict[str, list[str]] = {}
    for fact, why in SILENT.items():
        if fact in known and fact not in spoken:
            found.setdefault(why, []).append(fact)
    return list(found.items())


def late(*, now: datetime) -> QuerySet[Telling]:
    """Tellings after their deadline: told late, or still waiting. The newest first."""
    return (
        Telling.objects.filter(LATE, due_at__lt=now)
        .select_related("rule", "entry", "entry__content_type")
        .order_by("-due_at", "-id")
    )


def unreached() -> QuerySet[Telling]:
    """Customers whom a telling did not reach, the newest first."""
    return Telling.objects.filter(state=State.UNREACHED).select_related("rule", "entry").order_by("-id")


def late_counts(*, now: datetime, days: int = 30) -> dict[str, int]:
    """Code of a line -> how often its deadline was missed in the last days."""
    rows = Telling.objects.filter(LATE, due_at__lt=now, due_at__gte=now - timedelta(days=days))
    return dict(rows.order_by().values_list("rule__code").annotate(n=Count("pk")))


def versions_of(code: str) -> QuerySet[Rule]:
    """All versions of one line, the newest first."""
    return Rule.objects.filter(code=code).select_related("author").order_by("-version")


# ------------------------------------------------------------------------------------------------ notices
def notices_of(user: User) -> QuerySet[Notice]:
    """The person's own notices."""
    return Notice.objects.filter(person=user).select_related("entry__actor")


def unread_count(user: User) -> int:
    """How many notices wait for this person: unread ones, and read ones they must still confirm."""
    return Notice.objects.filter(
        Q(read_at__isnull=True) | Q(must_read=True, acknowledged_at__isnull=True), person=user
    ).count()


@dataclass(frozen=True)
class Readers:
    """Of one act: what it says, who confirmed it and who has not."""

    notice: Notice
    confirmed: int
    total: int
    missing: list[User]


def readers(entry_ids: Sequence[int]) -> list[Readers]:
    """Who has confirmed the notices of these acts and who has not, the newest act first."""
    rows = Notice.objects.filter(entry__in=entry_ids, must_read=True).select_related("person")
    acts: dict[int, list[Notice]] = {}
    for row in rows.order_by("-entry_id", "person__name"):
        acts.setdefault(row.entry_id, []).append(row)
    return [
        Readers(
            notice=notices[0],
            confirmed=sum(row.acknowledged_at is not None for row in notices),
            total=len(notices),
            missing=[row.person for row in notices if row.acknowledged_at is None and row.person.is_active],
        )
        for notices in acts.values()
    ]


def must_read_acts(user: User, limit: int = 20) -> list[int]:
    """The newest acts somebody must read about, of the customers this person sees."""
    rows = _seen_by(user).filter(must_read=True).order_by("-entry_id").values_list("entry_id", flat=True)
    return list(rows.distinct()[:limit])


def readers_of(user: User, entry_id: int) -> Readers | None:
    """Who has confirmed one act and who has not; None where there is none the person may see."""
    if not _seen_by(user).filter(entry=entry_id, must_read=True).exists():
        return None
    return readers([entry_id])[0]


def _seen_by(user: User) -> QuerySet[Notice]:
    """Everybody's notices, without those about customers of companies the person does not see."""
    found = Notice.objects.all()
    if not user.entity_access.exists():
        return found
    seen = customers.visible_to(user).values("pk")
    return found.filter(Q(entry__customer_key__isnull=True) | Q(entry__customer_key__in=seen))


# ------------------------------------------------------------------------------------------------ watching
WATCHABLE: dict[str, tuple[str, Callable[[User], QuerySet[Any]]]] = {
    "customer": ("customers.view_customer", customers.visible_to),
    "invoice": ("invoices.view_invoice", invoices.visible_to),
    "payment": ("payments.view_payment", payments.visible_to),
    "case": ("cases.view_case", cases.visible_to),
    "promise": ("cases.view_case", cases.promises_visible_to),
    "plan": ("cases.view_case", cases.plans_visible_to),
    "dispute": ("disputes.view_dispute", disputes.visible_to),
    "thread": ("conversations.read_inquiries", conversations.visible_to),
    "policy": ("policies.view_policy", policies.visible_to),
}
"""Kind of record that can be watched -> who may see such records, and which of them a person sees."""


def kind_of(subject: models.Model) -> str:
    """The kind a record is watched under."""
    return str(type(subject)._meta.model_name)


def page_of(subject: Any) -> str:
    """The record's own page."""
    if isinstance(subject, Policy):
        return reverse("policies:detail", args=[subject.code])
    return str(subject.get_absolute_url())


def watch_of(user: User, subject: models.Model) -> Watch | None:
    """The person's watch on the record, if there is one."""
    return Watch.objects.filter(
        person=user,
        subject_type=ContentType.objects.get_for_model(type(subject)),
        subject_id=subject.pk,
    ).first()


def watched_by(user: User) -> QuerySet[Watch]:
    """What the person watches."""
    return Watch.objects.filter(person=user).select_related("subject_type")


def position(name: str) -> int:
    """How far a reader of the trail has come; 0 before its first time."""
    return Reading.objects.filter(name=name).values_list("entry", flat=True).first() or 0


# ------------------------------------------------------------------------------------------------ changes
def visible_to(user: User) -> QuerySet[ChangeNotice]:
    """Notices of change of the companies this person sees, with how many were written to and not reached."""
    return (
        ChangeNotice.objects.filter(entity__in=entities.visible_to(user))
        .select_related("entity", "policy", "segment", "author", "approver", "job")
        .annotate(
            written=Count("recipients", filter=Q(recipients__state="queued")),
            missed=Count("recipients", filter=Q(recipients__state="unreached")),
        )
    )


def earliest_for(notice: ChangeNotice, now: datetime) -> date | None:
    """The first day the change may hold when it is sent now; None where no notice was promised."""
    return policies.earliest_effective(notice.policy, now) if notice.policy else None


@dataclass(frozen=True)
class Progress:
    """How far a notice of change is, in customers. `gone_out` counts mails the mail server took."""

    total: int
    written: int
    gone_out: int
    opened: int
    unreached: int


_GONE = ("sent", "delivered", "opened")
_NOT = ("bounced", "failed", "cancelled")


def progress_of(notice: ChangeNotice) -> Progress:
    """Counted from what became of each mail. "Opened" is known only of customers who agreed to that."""
    state = "message__deliveries__state"
    found = notice.recipients.aggregate(
        written=Count("pk", filter=Q(state="queued"), distinct=True),
        gone_out=Count("pk", filter=Q(**{f"{state}__in": _GONE}), distinct=True),
        opened=Count("pk", filter=Q(**{state: "opened"}), distinct=True),
        unreached=Count("pk", filter=Q(state="unreached"), distinct=True),
    )
    lost = not_reached(notice).count()
    return Progress(
        total=notice.job.total if notice.job else 0,
        written=found["written"],
        gone_out=found["gone_out"],
        opened=found["opened"],
        unreached=lost,
    )


def not_reached(notice: ChangeNotice) -> QuerySet[ChangeRecipient]:
    """Customers nobody could write to, and those of whom no mail got through, each with the reason."""
    mails = Delivery.objects.filter(message=OuterRef("message"))
    return (
        notice.recipients.annotate(
            lost=Exists(mails.filter(state__in=_NOT)) & ~Exists(mails.exclude(state__in=_NOT)),
            fault=Subquery(mails.filter(state__in=_NOT).exclude(error="").values("error")[:1]),
        )
        .filter(Q(state="unreached") | Q(lost=True))
        .select_related("customer")
        .order_by("customer__name", "pk")
    )
