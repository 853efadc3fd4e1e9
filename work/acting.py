"""What a click in the inbox asks for, translated into an act on a work item."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from core.errors import Invalid
from team.models import User
from work import operations
from work.models import WorkItem

UNDO = {"finish": "reopen", "return": "reopen", "snooze": "wake", "hand_over": "take_back"}
"""The act that takes another one back."""

DONE = {
    "accept": "Accepted.",
    "start": "Started.",
    "block": "It waits.",
    "finish": "Done.",
    "return": "Returned.",
    "snooze": "Put off.",
    "wake": "It is back.",
    "take": "It is yours.",
    "take_back": "It is yours again.",
    "hand_over": "Handed over.",
    "decline": "Declined; somebody else has it.",
    "reopen": "It is open again.",
}


def act(item: WorkItem, name: str, sent: Mapping[str, str], *, actor: User, now: datetime) -> None:
    """Do what was asked; an unknown act is refused."""
    if name not in DONE:
        raise Invalid("This cannot be done with work.", field="act", rule="the_act_is_known")
    reason = sent.get("reason", "")
    acts: dict[str, Callable[[], WorkItem]] = {
        "accept": lambda: operations.accept(item, actor=actor, now=now),
        "start": lambda: operations.start(item, actor=actor, now=now),
        "block": lambda: operations.block(item, reason=reason, actor=actor, now=now),
        "finish": lambda: operations.finish(item, outcome=reason, actor=actor, now=now),
        "return": lambda: operations.return_item(item, reason=reason, actor=actor, now=now),
        "snooze": lambda: operations.snooze(item, until=_until(sent, now), actor=actor, now=now),
        "wake": lambda: operations.wake(item, actor=actor, now=now),
        "take": lambda: operations.take(item, actor=actor, now=now),
        "take_back": lambda: operations.take_back(item, actor=actor, now=now),
        "hand_over": lambda: operations.hand_over(item, to=_to(sent), reason=reason, actor=actor, now=now),
        "decline": lambda: operations.decline(item, reason=reason, actor=actor, now=now),
        "reopen": lambda: operations.reopen(item, actor=actor, now=now),
    }
    acts[name]()


def _until(sent: Mapping[str, str], now: datetime) -> datetime:
    days = sent.get("days", "")
    if not days.isdecimal() or not 1 <= int(days) <= 30:
        raise Invalid("Choose 1 to 30 days.", field="days", rule="work_is_snoozed_for_a_while")
    return now + timedelta(days=int(days))


def _to(sent: Mapping[str, str]) -> User | None:
    """The colleague named; an empty choice is the queue of the role."""
    if not sent.get("to"):
        return None
    found = User.objects.filter(pk=sent["to"]).first() if sent["to"].isdecimal() else None
    if found is None:
        raise Invalid("Choose a colleague.", field="to", rule="work_goes_to_somebody_who_is_there")
    return found
