"""Cases in the words of the screens: the reason for the rank, the marks, who comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import rules
from cases.models import Action, Case
from cases.queries import days_late
from core import locale
from entities.queries import local_day

PATH = ("Collector", "Team lead", "Controller", "Agency or lawyers")
_LEVELS = ("", "With the lead", "With the controller", "Hand-over to decide")
# Stages that say less than the level beside them.
_CLIMBING = (Case.Stage.REMINDED, Case.Stage.CALLED, Case.Stage.FORMAL)
ICONS = {
    Action.CALL: "phone",
    Action.WRITE: "mail",
    Action.CHECK_PROMISE: "calendar",
    Action.CHECK_PLAN: "calendar",
    Action.APPLY_CASH: "building-bank",
    Action.SETTLE_DISPUTE: "message",
    Action.FIND_CONTACT: "user-plus",
    Action.DECIDE: "scale",
    Action.FOLLOW_AGENCY: "building",
    Action.WAIT: "clock",
}


@dataclass(frozen=True)
class Row:
    """A case as the list shows it."""

    case: Case
    why: str
    more: str
    tags: list[tuple[str, str]]


def row_of(case: Case, *, now: datetime) -> Row:
    """The reason in words, what is special beside it, and the marks."""
    days = days_late(case, now=now)
    why = ngettext("%(days)d day late", "%(days)d days late", days) % {"days": days}
    if case.items > 1:
        why += ", " + _("%(number)d invoices or instalments") % {"number": case.items}
    return Row(case, why + ".", _special(case), _tags(case, local_day(case.entity, now), now))


def _special(case: Case) -> str:
    """The one thing beside age that matters most."""
    code = case.entity.functional_currency
    if case.stop:
        return _("%(stop)s: only the legal way is open.") % {"stop": case.get_stop_display()}
    if case.put_off_because:
        return case.put_off_because
    if case.unapplied:
        return _("%(amount)s waits to be applied.") % {"amount": locale.money(case.unapplied, code)}
    if case.hardship:
        return _("They cannot pay now: %(note)s") % {"note": case.hardship_note}
    if case.next_note and case.level == 0 and case.stage in (Case.Stage.PROMISED, Case.Stage.PLAN):
        return case.next_note
    if case.broken_promises:
        return ngettext(
            "%(n)d promise broken in the last year.",
            "%(n)d promises broken in the last year.",
            case.broken_promises,
        ) % {"n": case.broken_promises}
    if case.held:
        return _("Another %(amount)s is disputed.") % {"amount": locale.money(case.held, code)}
    return usual(case)


def usual(case: Case) -> str:
    """When the customer usually pays."""
    delay = case.usual_delay
    if delay is None:
        return _("No payment history yet.")
    if delay > 0:
        return ngettext("Usually pays %(n)d day late.", "Usually pays %(n)d days late.", delay) % {"n": delay}
    return _("Usually pays on time.")


def usual_short(case: Case) -> str:
    """The same for a figure."""
    delay = case.usual_delay
    if delay is None:
        return _("no history")
    if delay == 0:
        return _("on the day")
    return _("%(n)d d late") % {"n": delay} if delay > 0 else _("%(n)d d early") % {"n": -delay}


def _tags(case: Case, today: date, now: datetime) -> list[tuple[str, str]]:
    tags: list[tuple[str, str]] = []
    if case.closed_at:
        return tags
    if case.stop:
        tags.append(("bad", case.get_stop_display()))
    if case.hardship:
        tags.append(("warn", _("Hardship")))
    if case.next_action == Action.CHECK_PROMISE and case.next_on:
        kind = "ok" if case.next_on > today else "warn"
        tags.append((kind, _("Promise, look on %(day)s") % {"day": locale.day(case.next_on)}))
    elif case.stage != Case.Stage.WATCH and not (case.level and case.stage in _CLIMBING):
        kind = "bad" if case.stage in (Case.Stage.AGENCY, Case.Stage.LEGAL) else ""
        tags.append((kind, case.get_stage_display()))
    if case.level and case.stage not in (Case.Stage.AGENCY, Case.Stage.LEGAL):
        tags.append(("warn", _LEVELS[case.level]))
    if case.snoozed_until and case.snoozed_until > today:
        tags.append(("", _("Until %(day)s") % {"day": locale.day(case.snoozed_until)}))
    quiet = (now - case.last_worked_at).days
    if quiet >= rules.QUIET_DAYS:
        tags.append(("bad", _("Quiet for %(days)d days") % {"days": quiet}))
    return tags


def tone_of(case: Case) -> tuple[str, str]:
    """(kind of mark, words): how to speak, by the relationship and not only by age."""
    if case.hardship:
        return "ok", _("Soft: they cannot pay now")
    if case.broken_promises:
        return "warn", _("Firm: a promise was broken")
    if case.level >= 2:
        return "bad", _("Formal")
    if case.usual_delay is not None and case.usual_delay <= 0:
        return "ok", _("Light: they usually pay on time")
    return "acc", _("Friendly")
