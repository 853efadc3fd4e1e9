"""Writing late charges, waivers and reference rates."""

from charges.operations._charging import ChargedBefore, charge_late, charge_step
from charges.operations._rates import RateEnteredBefore, enter_rate, load_rates, note_review
from charges.operations._sending import send_charge, variables_of
from charges.operations._waiving import NotWaivable, waive_charge
from charges.rules import NotChargeable

__all__ = [
    "ChargedBefore",
    "NotChargeable",
    "NotWaivable",
    "RateEnteredBefore",
    "charge_late",
    "charge_step",
    "enter_rate",
    "load_rates",
    "note_review",
    "send_charge",
    "variables_of",
    "waive_charge",
]
