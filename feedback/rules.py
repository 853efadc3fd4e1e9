"""Scores of customers: their scales, what they add up to, and how long they may be changed. Pure.

CSAT: percent of 4 and 5 among 1 to 5. NPS: percent of 9 and 10 less percent of 0 to 6. CES: mean of 1 to 7.
Percentages and means have one decimal, rounded once at the end; without scores there is no figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from core.errors import Invalid
from core.money import round_to

CSAT, NPS, CES = "csat", "nps", "ces"
SCALES: Mapping[str, tuple[int, int]] = {CSAT: (1, 5), NPS: (0, 10), CES: (1, 7)}
"""Instrument -> lowest and highest score."""
HAPPY: Mapping[str, int] = {CSAT: 4, NPS: 9, CES: 6}
UNHAPPY: Mapping[str, int] = {CSAT: 2, NPS: 6, CES: 3}
"""From which score on somebody is content, and up to which they are not."""

FEWEST = 5
"""Fewer answers than that say nothing about the others: the figure is marked "too few"."""
GAP = timedelta(days=30)
"""A customer is asked at most once in so long, by whatever occasion."""
EDITABLE = timedelta(hours=24)
LINK_DAYS = 30
WORDS = 2_000
COMPLAINT_DAYS = 2
"""Business days within which a complaint is answered."""

EFFECT_AFTER = timedelta(days=30)
"""So long after it was closed an improvement's effect is measured."""
CAUSE_TIMES = 3
CAUSE_WINDOW = timedelta(days=30)
"""A cause that comes so often in that time makes a correction, once in that time."""

SUGGESTED: Mapping[str, frozenset[str]] = {
    "new": frozenset({"looked_at", "taken", "declined", "done"}),
    "looked_at": frozenset({"taken", "declined", "done"}),
    "taken": frozenset({"done", "declined"}),
    "declined": frozenset({"looked_at", "taken"}),
    "done": frozenset(),
}
"""State of a suggestion -> states that may follow; the same state again corrects the reply."""
IMPROVED: Mapping[str, frozenset[str]] = {
    "proposed": frozenset({"doing", "dropped"}),
    "doing": frozenset({"closed", "dropped"}),
    "closed": frozenset({"measured"}),
    "measured": frozenset(),
    "dropped": frozenset(),
}
"""State of an improvement -> states that may follow."""

_TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Figure:
    """What scores add up to; `value` None: there is none. `asked` and `answered` count surveys alone."""

    instrument: str
    value: Decimal | None
    n: int
    asked: int = 0
    answered: int = 0

    @property
    def is_too_few(self) -> bool:
        return self.n < FEWEST

    @property
    def response_rate(self) -> Decimal | None:
        """Percent of those asked who answered."""
        return round_to(Fraction(self.answered) * 100 / self.asked, _TENTH) if self.asked else None


def csat(scores: Sequence[int]) -> Decimal | None:
    """Percent of 4 and 5 among scores from 1 to 5."""
    return _csat(_counted(scores, CSAT))


def nps(scores: Sequence[int]) -> Decimal | None:
    """Net promoter score: percent of 9-10 less percent of 0-6."""
    return _nps(_counted(scores, NPS))


def ces(scores: Sequence[int]) -> Decimal | None:
    """Mean of scores from 1 (hard) to 7 (easy)."""
    return _ces(_counted(scores, CES))


def figure(instrument: str, counts: Mapping[int, int], *, asked: int = 0, answered: int = 0) -> Figure:
    """The figure of an instrument from how often each score was given."""
    for score in counts:
        check_score(instrument, score)
    work_out = {CSAT: _csat, NPS: _nps, CES: _ces}[instrument]
    return Figure(instrument, work_out(counts), sum(counts.values()), asked, answered)


def check_score(instrument: str, score: int) -> int:
    """The score, refused outside the scale of its instrument."""
    low, high = SCALES[instrument]
    if not low <= score <= high:
        raise Invalid(f"Scores are from {low} to {high}.", field="score", rule="score_in_range")
    return score


def mood(instrument: str, score: int) -> str:
    """ "good", "fair" or "poor"."""
    if score >= HAPPY[instrument]:
        return "good"
    return "poor" if score <= UNHAPPY[instrument] else "fair"


def may_change(given_at: datetime, now: datetime) -> bool:
    """Whether whoever gave an answer may still change it."""
    return now < given_at + EDITABLE


def may_become(state: str, then: str) -> bool:
    """Whether a suggestion may go from one state to the other."""
    return state == then or then in SUGGESTED[state]


def may_move(state: str, then: str) -> bool:
    """Whether an improvement may go from one state to the other."""
    return then in IMPROVED[state]


def office_minutes(opens: time, closes: time, days: int) -> int:
    """So many business days in minutes of office hours."""
    minutes = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
    return minutes * days


def _counted(scores: Sequence[int], instrument: str) -> dict[int, int]:
    counts: dict[int, int] = {}
    for score in scores:
        counts[check_score(instrument, score)] = counts.get(score, 0) + 1
    return counts


def _csat(counts: Mapping[int, int]) -> Decimal | None:
    return _percent(sum(n for score, n in counts.items() if score >= 4), sum(counts.values()))


def _nps(counts: Mapping[int, int]) -> Decimal | None:
    net = sum(n * ((score >= 9) - (score <= 6)) for score, n in counts.items())
    return _percent(net, sum(counts.values()))


def _ces(counts: Mapping[int, int]) -> Decimal | None:
    whole = sum(counts.values())
    total = sum(score * n for score, n in counts.items())
    return round_to(Fraction(total, whole), _TENTH) if whole else None


def _percent(part: int, whole: int) -> Decimal | None:
    return round_to(Fraction(part * 100, whole), _TENTH) if whole else None
