"""The rules of customers; one import path for what the other files of this folder decide."""

from __future__ import annotations

from customers.changes import (
    BANK_FIELDS,
    CHANGE_NEXT,
    CHANGE_SUBJECTS,
    clean_change,
    masked,
    masked_bank,
    same_number,
)
from customers.codes import (
    TaxNumber,
    clean_channel,
    clean_country,
    clean_currency,
    clean_language,
    clean_state,
    clean_tax_number,
    territories,
)
from customers.parameters import Parameter, in_words
from customers.recipients import Choice, choose_recipients, obstacle
from customers.requirements import (
    DELIVERY_CHANNELS,
    LEVELS,
    REQUIREMENT_KINDS,
    SEVERITIES,
    Kind,
    Levelled,
    RequirementFacts,
    check_requirements,
    clean_parameters,
    level_of,
    most_specific,
)

__all__ = [
    "BANK_FIELDS",
    "CHANGE_NEXT",
    "CHANGE_SUBJECTS",
    "DELIVERY_CHANNELS",
    "LEVELS",
    "REQUIREMENT_KINDS",
    "SEVERITIES",
    "Choice",
    "Kind",
    "Levelled",
    "Parameter",
    "RequirementFacts",
    "TaxNumber",
    "check_requirements",
    "choose_recipients",
    "clean_change",
    "clean_channel",
    "clean_country",
    "clean_currency",
    "clean_language",
    "clean_parameters",
    "clean_state",
    "clean_tax_number",
    "in_words",
    "level_of",
    "masked",
    "masked_bank",
    "most_specific",
    "obstacle",
    "same_number",
    "territories",
]
