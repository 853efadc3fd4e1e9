"""Who may decide and who gets work: approval limits, four eyes, assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from core.errors import Invalid

ROLES = ("specialist", "lead", "controller", "director")
AUTO, UNRESOLVED = "auto", "unresolved"


@dataclass(frozen=True)
class Level:
    """A role and the most it may approve, inclusive, in functional currency (or months); None = any."""

    role: str
    limit: Decimal | None


@dataclass(frozen=True)
class Policy:
    """Who approves one kind of document. `auto` needs nobody, inclusive; `persons` must agree together."""

    levels: tuple[Level, ...]
    auto: Decimal | None = None
    persons: int = 1
    call_back: bool = False
    unit: str = "money"


def _limits(**limits: str | None) -> tuple[Level, ...]:
    return tuple(Level(role, None if limit is None else Decimal(limit)) for role, limit in limits.items())


_CORRECTION = _limits(specialist="500", lead="5000", controller="50000", director=None)
# The starting table. Write-offs within the policy's tolerance need nobody: that limit comes from the policy.
POLICIES: Mapping[str, Policy] = {
    "standard_invoice": Policy(
        _limits(specialist="25000", lead="100000", controller=None), auto=Decimal(10000)
    ),
    "manual_invoice": Policy(_CORRECTION),
    "credit_note": Policy(_CORRECTION),
    "write_off": Policy(_limits(lead="500", controller="10000", director=None)),
    "refund": Policy(_limits(lead="2000", controller="20000", director=None), persons=2),
    "late_fee_waiver": Policy(_limits(specialist="100", lead="1000", controller=None)),
    "payment_plan": Policy(_limits(specialist="3", lead="6", controller=None), unit="months"),
    "master_data": Policy(_limits(lead=None), persons=2, call_back=True),
}


def policy_for(document: str) -> Policy:
    """The starting policy of a kind of document; an unknown kind is `Invalid`, never free of approval."""
    if document not in POLICIES:
        raise Invalid(
            f"Nobody is named to approve “{document}”.", field="document", rule="approval_is_defined"
        )
    return POLICIES[document]


@dataclass(frozen=True)
class Approvers:
    """Who decides: `needs` is the role, "auto" (nobody) or "unresolved" (raise an alert)."""

    needs: str
    eligible: tuple[str, ...]
    persons: int = 1


def approver(
    *,
    amount: Decimal,
    creator: str | None,
    levels: Sequence[Level],
    users: Sequence[tuple[str, str]],
    auto_limit: Decimal | None = None,
    already_today: Decimal = Decimal(0),
    editors: Sequence[str] = (),
    persons: int = 1,
) -> Approvers:
    """Who may approve a document, of `users` as (id, role) pairs.

    Limits count the absolute amount plus what the same customer already had approved `already_today`, so that
    splitting does not help. The lowest level that suffices decides. The creator and the last `editors` never
    do; when nobody else is there, the next level up does. Where two `persons` must agree and the level has
    fewer, those above it are asked too. Too few in all: unresolved.
    """
    size = abs(amount) + abs(already_today)
    if auto_limit is not None and auto_limit > 0 and size <= auto_limit:
        return Approvers(AUTO, ())
    barred = {creator, *editors}
    needs = UNRESOLVED
    eligible: tuple[str, ...] = ()
    for level in levels:
        if level.limit is not None and size > level.limit:
            continue
        here = tuple(user for user, role in users if role == level.role and user not in barred)
        needs = level.role if here and not eligible else needs
        eligible += here
        if len(eligible) >= persons:
            return Approvers(needs, eligible, persons)
    return Approvers(UNRESOLVED, (), persons)


@dataclass(frozen=True)
class Worker:
    """Somebody work can be given to: `load` and `capacity` in the unit of the effort (hours or minutes)."""

    id: str
    skills: Mapping[str, int]
    load: Decimal
    capacity: Decimal
    last_assigned: datetime | None = None
    absent: bool = False


@dataclass(frozen=True)
class Assignment:
    """Who gets the work, or the queue it waits in; `skipped` says of everybody else why not."""

    assignee: str | None
    queue: str | None
    skipped: Mapping[str, str]


def assign(
    needs: Mapping[str, int], effort: Decimal, workers: Sequence[Worker], *, owner: str | None = None
) -> Assignment:
    """Give a work item to the person with the skills and the most room.

    Left out: absent, below a needed level, or over capacity with it. Then: the customer's `owner`, lowest
    load share, lower load, longest since the last assignment, id. Nobody: queue "unassigned", never the
    unqualified.
    """
    skipped: dict[str, str] = {}
    able: list[Worker] = []
    for worker in workers:
        reason = _why_not(worker, needs, effort)
        if reason:
            skipped[worker.id] = reason
        else:
            able.append(worker)
    if not able:
        return Assignment(None, "unassigned", skipped)
    chosen = min(able, key=lambda worker: (worker.id != owner, *_rank(worker)))
    skipped |= {worker.id: "has less room" for worker in able if worker is not chosen}
    return Assignment(chosen.id, None, skipped)


def _rank(worker: Worker) -> tuple[Fraction, Decimal, bool, str, str]:
    last = worker.last_assigned
    share = Fraction(worker.load) / Fraction(worker.capacity)
    return share, worker.load, last is not None, last.isoformat() if last else "", worker.id


def _why_not(worker: Worker, needs: Mapping[str, int], effort: Decimal) -> str:
    if worker.absent:
        return "absent"
    for skill, level in needs.items():
        if worker.skills.get(skill, 0) < level:
            return f"{skill} {worker.skills.get(skill, 0)}, needs {level}"
    if worker.capacity <= 0 or worker.load + effort > worker.capacity:
        return "no capacity left"
    return ""


OVER = ("done", "returned")
# What may follow a state of a work item. Handing over is possible from every open state.
NEXT: Mapping[str, frozenset[str]] = {
    "new": frozenset({"assigned", "done", "returned"}),
    "assigned": frozenset({"new", "assigned", "accepted", "in_progress", "blocked", "done", "returned"}),
    "accepted": frozenset({"new", "assigned", "in_progress", "blocked", "done", "returned"}),
    "in_progress": frozenset({"new", "assigned", "blocked", "done", "returned"}),
    "blocked": frozenset({"new", "assigned", "in_progress", "done", "returned"}),
    "done": frozenset({"assigned"}),
    "returned": frozenset({"assigned"}),
}
DECLINES_UNTIL_LEAD = 2
LEAD = "lead"


@dataclass(frozen=True)
class Candidate:
    """Somebody with the role: how many open items they own, and when they got the last one."""

    id: int
    load: int
    last_assigned: datetime | None = None


def least_loaded(candidates: Sequence[Candidate]) -> Candidate | None:
    """Fewest open items, then longest since the last assignment, then the lower id; None of nobody."""
    return min(
        candidates,
        key=lambda c: (c.load, c.last_assigned.timestamp() if c.last_assigned else 0.0, c.id),
        default=None,
    )


def role_after_decline(role: str, declined: int) -> str:
    """Whose work it is once `declined` people said no: from the second on the team lead's."""
    return LEAD if declined >= DECLINES_UNTIL_LEAD else role
