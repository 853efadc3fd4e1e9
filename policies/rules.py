"""The rules of payment policies: clauses the engine executes, and what they mean in words and examples."""

from __future__ import annotations

from policies.clauses import (
    CHANNELS,
    DEFAULT_LADDER,
    METHODS,
    ORDERS,
    RECIPIENTS,
    REGIMES,
    STATUTORY,
    TITLES,
    Clauses,
    Interest,
    Offer,
    Part,
    Regime,
    Step,
    Tolerance,
    to_json,
)
from policies.examples import Example, worked_examples
from policies.reading import from_json
from policies.words import (
    PROSE,
    Change,
    Said,
    charges_in_words,
    complete,
    diff,
    readability,
    summary,
    terms_in_words,
)

__all__ = [
    "CHANNELS",
    "DEFAULT_LADDER",
    "METHODS",
    "ORDERS",
    "PROSE",
    "RECIPIENTS",
    "REGIMES",
    "STATUTORY",
    "TITLES",
    "Change",
    "Clauses",
    "Example",
    "Interest",
    "Offer",
    "Part",
    "Regime",
    "Said",
    "Step",
    "Tolerance",
    "charges_in_words",
    "complete",
    "diff",
    "from_json",
    "readability",
    "summary",
    "terms_in_words",
    "to_json",
    "worked_examples",
]
