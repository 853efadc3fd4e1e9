"""What the pages of policies show: plain words, examples, differences, named actions."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from core.calendars import Calendar
from core.errors import DomainError
from core.terms import due_on, explain, parse_terms, readings
from entities.models import Entity
from entities.queries import calendar_of
from policies import queries, rules
from policies.comparison import words
from policies.models import Policy, PolicyVersion
from team.requests import StaffRequest

WRITE = "policies.write_policy"


@dataclass(frozen=True)
class Sample:
    """A worked example: an invoice of one day, and what follows from it, in order of days."""

    title: str
    issued_on: date
    steps: list[rules.Example]


def changes_since(before: PolicyVersion | None, clauses: rules.Clauses) -> list[dict[str, Any]]:
    """Clause by clause what reads differently, as pieces of words."""
    if before is None:
        return []
    numbers = {key: at for at, key in enumerate(rules.TITLES, start=1)}
    return [
        {
            "key": change.key,
            "number": numbers[change.key],
            "title": change.title,
            "pieces": words(change.before, change.after),
        }
        for change in rules.diff(queries.clauses_of(before), clauses)
    ]


def plain_words(clauses: rules.Clauses) -> list[dict[str, str]]:
    """The three things a reader wants to know first."""
    parsed = parse_terms(clauses.terms)
    days = parsed.steps[0].numbers[0] if str(parsed).startswith("NET ") and len(parsed.steps) == 1 else None
    said = {one.key: one.text for one in rules.summary(clauses)}
    offer = clauses.early_discount
    due = f"{days} days to pay" if days else "When it is due"
    if clauses.instalments:
        due = f"Paid in {len(clauses.instalments)} parts"
    return [
        {"icon": "calendar-due", "title": due, "text": said["due_date"]},
        {
            "icon": "discount",
            "title": f"{offer.pct.normalize():f}% for paying early" if offer else "No early discount",
            "text": said["early_discount"],
        },
        {"icon": "message-question", "title": "Questions stop the clock", "text": said["disputes"]},
    ]


def home(policy: Policy) -> Entity | None:
    """Whose days and name the policy is shown with."""
    return policy.default_for or Entity.objects.filter(is_active=True).order_by("pk").first()


def samples(clauses: rules.Clauses, policy: Policy, today: date) -> list[Sample]:
    """Two invoices worked out by the engine: one whose term ends on a day off, one before Christmas."""
    entity = home(policy)
    if entity is None:
        return []
    calendar = calendar_of(entity)
    christmas = date(today.year, 11, 25)
    days = [
        (f"a day off in {entity.city}", _meets_day_off(clauses.terms, today, calendar)),
        (
            f"Christmas in {entity.city}",
            christmas if christmas > today else christmas.replace(year=today.year + 1),
        ),
    ]
    found = []
    for title, on in days:
        try:
            steps = rules.worked_examples(clauses, on, clauses.currency, calendar)
        except DomainError:
            continue  # a year whose holidays are not known: no example rather than a wrong one
        found.append(Sample(title, on, sorted(steps, key=lambda one: one.on or date.max)))
    return found


def _meets_day_off(terms_text: str, today: date, calendar: Calendar) -> date:
    """The first day from today whose unadjusted term ends on a day off: the case people ask about."""
    bare = terms_text.partition("/")[0]
    for ahead in range(60):
        on = today + timedelta(days=ahead)
        if calendar.is_business_day(on) and not calendar.is_business_day(due_on(on, bare, calendar=calendar)):
            return on
    return today


def meaning(text: str, policy: Policy | None) -> dict[str, Any]:
    """Payment terms in words and on three sample days, or what is wrong with them."""
    entity = home(policy) if policy else Entity.objects.filter(is_active=True).order_by("pk").first()
    calendar = calendar_of(entity) if entity else None
    today = timezone.localdate()
    days = [today, date(today.year + 1, 1, 31), date(today.year + 1, 3, 15)]
    try:
        parsed = parse_terms(text)
        rows = [(on, explain(on, parsed, calendar=calendar)) for on in days]
    except DomainError as fault:
        choices = [
            (reading, rules.terms_in_words(reading), [(on, due_on(on, reading)) for on in days])
            for reading in readings(text)
        ]
        return {"fault": fault, "choices": choices, "text": text}
    return {"words": rules.terms_in_words(parsed), "canonical": str(parsed), "rows": rows, "text": text}


def state_of(version: PolicyVersion, today: date) -> tuple[str, str]:
    """(words, colour) of a version's state as of today."""
    if version.status not in queries.PUBLISHED:
        colours = {"draft": "draft", "review": "warn", "approved": "info"}
        return version.get_status_display(), colours[version.status]
    if version.effective_from and version.effective_from > today:
        return "Announced", "info"
    if version.effective_to and version.effective_to < today:
        return "Ended", ""
    return "In force", "ok"


def acts_on(request: StaffRequest, version: PolicyVersion) -> list[dict[str, str]]:
    """Named actions of the version; those that are not possible say why."""
    user, at = request.user, (version.policy.code, version.number)
    status = PolicyVersion.Status

    def act(label: str, icon: str, name: str, why: str = "", **more: str) -> dict[str, str]:
        return {"label": label, "icon": icon, "url": reverse(f"policies:{name}", args=at), "why": why, **more}

    may_write, may_approve = user.has_perm(WRITE), user.has_perm("policies.approve_policy")
    acts = []
    if version.status == status.DRAFT and may_write:
        acts = [
            act("Edit clauses", "pencil", "edit", key="e"),
            act("Submit for approval", "send", "submit", method="post"),
            act("Discard draft", "trash", "discard", confirm="discard"),
        ]
    elif version.status == status.REVIEW:
        own = user.pk in queries.writers_of(version)
        why = "You wrote on it: somebody else approves." if own else ""
        if not may_approve:
            why = "Needs the right to approve policies."
        acts = [act("Approve", "signature", "approve", why, method="post")]
        if may_approve:
            acts.append(act("Send back", "arrow-back-up", "send_back", confirm="send-back"))
    elif version.status == status.APPROVED:
        why = "" if user.has_perm("policies.publish_policy") else "Needs the right to publish policies."
        acts = [act("Publish", "world", "publish", why, confirm="publish")]
        if may_approve:
            acts.append(act("Send back", "arrow-back-up", "send_back", confirm="send-back"))
    elif version.status == status.PUBLISHED and may_approve:
        acts = [act("Confirm the yearly review", "calendar-check", "review", confirm="review")]
    return acts
