"""Reading policies: which version holds on a day, who has read it, when it must be looked at again."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse

from core.rows import rows_where
from policies import events, rules
from policies.models import Acknowledgement, Policy, PolicyVersion
from policies.rules import Clauses
from team.models import User
from team.queries import people_with_role
from team.roles import ROLES
from trail.queries import entries_of

Status = PolicyVersion.Status
PUBLISHED = (Status.PUBLISHED, Status.SUPERSEDED)
IN_WORK = (Status.DRAFT, Status.REVIEW, Status.APPROVED)
WARN_BEFORE = timedelta(days=30)
# Whose daily work the payment policy governs.
READERS = tuple(role.code for role in ROLES if role.code not in {"administrator", "legal_adviser", "auditor"})


def visible_to(user: User) -> QuerySet[Policy]:
    """Policies are open to everybody who may read policies at all."""
    return Policy.objects.all() if user.has_perm("policies.view_policy") else Policy.objects.none()


def holds_on(on: date) -> Q:
    """Versions in force on the day."""
    ends = Q(effective_to=None) | Q(effective_to__gte=on)
    return Q(status__in=PUBLISHED, effective_from__lte=on) & ends


def version_in_force(policy: Policy, on: date) -> PolicyVersion | None:
    """The version that binds documents dated on the day; None before the first one."""
    for found in rows_where(PolicyVersion, _IN_FORCE, [policy.pk, list(PUBLISHED), on, on]):
        found.policy = policy
        return found
    return None


# `holds_on`, asked for every document: nothing is compiled.
_IN_FORCE = """
policy_id = %s AND status = ANY(%s) AND effective_from <= %s
  AND (effective_to IS NULL OR effective_to >= %s)
ORDER BY number DESC LIMIT 1
"""


def policies_on(on: date) -> QuerySet[Policy]:
    """Policies with `in_force` (list of at most one version) and `work` (the version in work, likewise)."""
    current = PolicyVersion.objects.filter(holds_on(on))
    work = PolicyVersion.objects.filter(status__in=IN_WORK).select_related("author")
    return (
        Policy.objects.select_related("owner", "default_for")
        .prefetch_related(
            Prefetch("versions", queryset=current, to_attr="in_force"),
            Prefetch("versions", queryset=work, to_attr="work"),
        )
        .order_by("name")
    )


def clauses_of(version: PolicyVersion) -> Clauses:
    """The clauses of the version as the engine executes them."""
    return rules.from_json(version.clauses)


def public_path(version: PolicyVersion) -> str:
    """The path of the version's page that opens without sign-in."""
    return reverse("policies:public", args=[version.public_ref])


def local_day(policy: Policy, now: datetime) -> date:
    """Today where the policy is at home: at the company it is the default of, else in UTC."""
    zone = policy.default_for.time_zone if policy.default_for is not None else "UTC"
    return now.astimezone(ZoneInfo(zone)).date()


def earliest_effective(policy: Policy, now: datetime) -> date:
    """The first day a version published now may take effect: after the notice period."""
    return local_day(policy, now) + timedelta(days=notice_of(policy))


def notice_of(policy: Policy) -> int:
    """Days of notice: the policy's own, and never less than its published text promises customers."""
    newest = policy.versions.filter(status__in=PUBLISHED).order_by("-effective_from").first()
    return max(policy.notice_days, clauses_of(newest).notice_days if newest is not None else 0)


def canonical_text(version: PolicyVersion) -> bytes:
    """The text of record: what was published, in one byte order for ever. Its SHA-256 is `text_hash`."""
    record = {
        "policy": version.policy.code,
        "name": version.policy.name,
        "version": version.number,
        "effective_from": version.effective_from.isoformat() if version.effective_from else None,
        "clauses": version.clauses,
    }
    return json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def text_hash(version: PolicyVersion) -> str:
    """SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(canonical_text(version)).hexdigest()


def writers_of(version: PolicyVersion) -> set[int]:
    """Everybody who wrote on the version: none of them approves it."""
    wrote = (events.VERSION_DRAFTED, events.VERSION_EDITED)
    edited = entries_of(version).filter(fact__in=wrote).values_list("actor_id", flat=True)
    return {version.author_id, *(pk for pk in edited if pk is not None)}


def review_state(version: PolicyVersion | None, on: date) -> str:
    """ "overdue" once the review date has passed, "soon" within 30 days before it, else ""."""
    if version is None or version.review_due is None:
        return ""
    if on > version.review_due:
        return "overdue"
    return "soon" if on >= version.review_due - WARN_BEFORE else ""


def reviews_due(on: date) -> QuerySet[PolicyVersion]:
    """Versions in force whose review is due within 30 days or late, the most urgent first."""
    rows = PolicyVersion.objects.filter(holds_on(on), review_due__lte=on + WARN_BEFORE)
    return rows.select_related("policy__owner").order_by("review_due")


@dataclass(frozen=True)
class Readers:
    """Who of a role has confirmed the text."""

    role: str
    read: list[User]
    missing: list[User]

    @property
    def total(self) -> int:
        """How many people the role has."""
        return len(self.read) + len(self.missing)

    @property
    def percent(self) -> int:
        """Whole percent who have read it; 100 for an empty role."""
        return 100 * len(self.read) // self.total if self.total else 100


def readers(version: PolicyVersion) -> list[Readers]:
    """For each role that works by the policy: who has read this text and who has not."""
    done = set(
        Acknowledgement.objects.filter(version=version, text_hash=version.text_hash).values_list(
            "user_id", flat=True
        )
    )
    people = list(people_with_role(*READERS).prefetch_related("groups").order_by("name"))
    found = []
    for role in ROLES:
        if role.code not in READERS:
            continue
        mine = [user for user in people if any(group.name == role.code for group in user.groups.all())]
        if mine:
            read = [user for user in mine if user.pk in done]
            found.append(Readers(role.name, read, [user for user in mine if user.pk not in done]))
    return found


def has_acknowledged(version: PolicyVersion, user: User) -> bool:
    """Whether the person confirmed exactly this text."""
    return version.acknowledgements.filter(user=user, text_hash=version.text_hash).exists()


def unread_by(user: User, on: date) -> QuerySet[PolicyVersion]:
    """Versions in force or announced that the person has not confirmed yet."""
    open_ = Q(effective_to=None) | Q(effective_to__gte=on)
    rows = PolicyVersion.objects.filter(open_, status__in=PUBLISHED)
    return rows.exclude(acknowledgements__user=user).select_related("policy")


def count_for(user: User) -> int:
    """How many versions wait for this person's approval, for the sidebar."""
    if not user.has_perm("policies.approve_policy"):
        return 0
    return PolicyVersion.objects.filter(status=Status.REVIEW).exclude(author=user).count()
