"""Reading disputes. One import path; each file below holds one kind of question."""

from disputes.queries._disputes import (
    TABS,
    Filters,
    advice_key,
    by_reference,
    held_waiting,
    listing,
    of_invoice,
    tab_counts,
    visible_to,
    wants_advice,
)
from disputes.queries._holdings import Held, Holding, held_times, holdings_of
from disputes.queries._matrix import Matrix, goodwill_left, limits_of, steps_in_force
from disputes.queries._people import people_who_own, present_of, roles_that
from disputes.queries._playbooks import Outcomes, current_playbook, outcomes_of, playbooks
from disputes.queries._short import Short, disputed_short, once, short_paid

__all__ = [
    "TABS",
    "Filters",
    "Held",
    "Holding",
    "Matrix",
    "Outcomes",
    "Short",
    "advice_key",
    "by_reference",
    "current_playbook",
    "disputed_short",
    "goodwill_left",
    "held_times",
    "held_waiting",
    "holdings_of",
    "limits_of",
    "listing",
    "of_invoice",
    "once",
    "outcomes_of",
    "people_who_own",
    "playbooks",
    "present_of",
    "roles_that",
    "short_paid",
    "steps_in_force",
    "tab_counts",
    "visible_to",
    "wants_advice",
]
