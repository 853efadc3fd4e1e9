"""The lines of the protocol: put in place as shipped, changed by people as new versions."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import NotRequired, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from core.errors import Invalid, Refused
from notices.events import RULE_CHANGED
from notices.models import Rule
from notices.operations._letters import SPOKEN
from notices.protocol import SHIPPED
from notices.queries import known_facts
from team.models import User
from team.roles import BY_CODE
from trail.operations import record


class Wish(TypedDict):
    """What a line shall say. `within` counts in `unit`: minutes, or business hours. `reason` says why."""

    audience: str
    within: int
    unit: str
    reason: str
    roles: NotRequired[Sequence[str]]
    situation: NotRequired[str]
    words: NotRequired[str]
    must_read: NotRequired[bool]


_COMPARED = ("audience", "roles", "within", "unit", "situation", "words", "must_read", "reason")


def install_rules(*, now: datetime) -> None:
    """Put the shipped lines in place that were never there. Safe to repeat and beside itself."""
    known = set(Rule.objects.values_list("code", flat=True).distinct())
    Rule.objects.bulk_create(
        [
            Rule(
                code=line.code,
                fact=line.fact,
                audience=line.audience,
                roles=list(line.roles),
                within=line.within,
                unit=line.unit,
                situation=line.situation,
                words=line.words,
                must_read=line.must_read,
                reason=line.reason,
                made_at=now,
            )
            for line in SHIPPED
            if line.code not in known
        ],
        ignore_conflicts=True,
    )


def rules_for(fact: str, *, now: datetime) -> list[Rule]:
    """The lines that hold for a fact. What must be read comes last, so that it stands on the notice."""
    shipped = {line.code for line in SHIPPED if line.fact == fact}
    found = list(Rule.objects.filter(fact=fact, is_current=True).order_by("must_read", "code"))
    if shipped - {rule.code for rule in found}:
        install_rules(now=now)
        found = list(Rule.objects.filter(fact=fact, is_current=True).order_by("must_read", "code"))
    return found


@transaction.atomic
def change_rule(rule: Rule, *, actor: User, now: datetime, **wish: Unpack[Wish]) -> Rule:
    """A new version of a line holds from now on; acts told before keep the version they were told under."""
    current = Rule.objects.select_for_update().filter(code=rule.code, is_current=True).get()
    if current.pk != rule.pk:
        raise Refused(
            "Somebody changed this line meanwhile.",
            rule="nobody_changed_it_meanwhile",
            mend="Open it again and enter your change.",
        )
    after = _line(current.code, current.version + 1, current.fact, wish)
    after.author, after.made_at = actor, now
    _check(after)
    changes = {
        name: (getattr(current, name), getattr(after, name))
        for name in _COMPARED
        if getattr(current, name) != getattr(after, name)
    }
    if set(changes) <= {"reason"} and after.audience != Rule.Audience.NOBODY:
        raise Refused("Nothing differs from what holds already.", rule="a_new_version_differs")
    current.is_current = False
    current.save(update_fields=["is_current"])
    after.save(force_insert=True)
    record(RULE_CHANGED, after, actor=actor, at=now, changes=changes, about=after.fact, code=after.code)
    return after


@transaction.atomic
def add_rule(fact: str, *, actor: User, now: datetime, **wish: Unpack[Wish]) -> Rule:
    """A line for an event that had none, or one more line for it. What happens from now on is told."""
    if fact not in known_facts():
        raise Invalid("Choose an event of the list.", field="fact", rule="a_line_is_about_a_known_event")
    taken = set(Rule.objects.filter(fact=fact).values_list("code", flat=True))
    base = slugify(fact.replace(".", "-").replace("_", "-"))[:50]
    code = next(name for n in count(1) if (name := base if n == 1 else f"{base}-{n}") not in taken)
    rule = _line(code, 1, fact, wish)
    rule.author, rule.made_at = actor, now
    _check(rule)
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
    except IntegrityError as clash:
        raise Refused(
            "Somebody else wrote a line for this event just now.",
            rule="a_rule_version_has_its_own_number",
            mend="Open the protocol again and look at it.",
        ) from clash
    record(RULE_CHANGED, rule, actor=actor, at=now, changes={}, about=fact, code=code)
    return rule


def _line(code: str, version: int, fact: str, wish: Wish) -> Rule:
    """A version as it would hold, not saved: what does not fit its audience is left out."""
    audience = wish["audience"]
    return Rule(
        code=code,
        version=version,
        fact=fact,
        audience=audience,
        roles=sorted(set(wish.get("roles", ()))) if audience == Rule.Audience.ROLES else [],
        within=wish["within"],
        unit=wish["unit"],
        situation=wish.get("situation", "") if audience == Rule.Audience.CUSTOMER else "",
        words=wish.get("words", "").strip()[:160],
        must_read=wish.get("must_read", False) and audience in {Rule.Audience.OWNER, Rule.Audience.ROLES},
        reason=wish["reason"].strip()[:300],
    )


def _check(rule: Rule) -> None:
    if not rule.reason:
        raise Invalid("Say why it changes.", field="reason", rule="a_change_of_the_protocol_has_a_reason")
    if rule.audience not in Rule.Audience.values or rule.unit not in Rule.Unit.values:
        raise Invalid("Choose who hears and how soon.", field="audience", rule="the_audience_is_known")
    if not 1 <= rule.within <= 10_000:
        raise Invalid("Choose between 1 and 10,000.", field="within", rule="a_deadline_is_given")
    if rule.audience == Rule.Audience.CUSTOMER and rule.situation not in SPOKEN:
        raise Invalid(
            "Choose the situation whose text the customer gets.",
            field="situation",
            rule="a_customer_is_told_in_a_situation",
        )
    if rule.audience == Rule.Audience.ROLES and (not rule.roles or set(rule.roles) - set(BY_CODE)):
        raise Invalid("Choose at least one role.", field="roles", rule="a_rule_for_roles_names_one")
    if rule.audience in {Rule.Audience.OWNER, Rule.Audience.ROLES} and not rule.words:
        raise Invalid("Write what the notice says.", field="words", rule="a_notice_says_something")
