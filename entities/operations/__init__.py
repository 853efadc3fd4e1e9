"""Writing the selling companies: legal data, office hours, tax numbers, series, bank accounts, rates."""

from entities.operations._bank import BANK_FIELDS, apply_bank_change, reject_bank_change, request_bank_change
from entities.operations._company import (
    COUNTRIES,
    EDITABLE,
    add_entity,
    add_registration,
    edit_entity,
    end_registration,
    set_access,
    set_logo,
)
from entities.operations._hours import end_team_hours, set_team_hours
from entities.operations._rates import enter_rate
from entities.operations._series import change_series, ensure_series, open_series

__all__ = [
    "BANK_FIELDS",
    "COUNTRIES",
    "EDITABLE",
    "add_entity",
    "add_registration",
    "apply_bank_change",
    "change_series",
    "edit_entity",
    "end_registration",
    "end_team_hours",
    "ensure_series",
    "enter_rate",
    "open_series",
    "reject_bank_change",
    "request_bank_change",
    "set_access",
    "set_logo",
    "set_team_hours",
]
