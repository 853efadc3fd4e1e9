"""Writing payment files."""

from payouts.operations._deciding import approve_file, reject_file
from payouts.operations._following import note_executed, note_refused, note_transfer_left, take_file
from payouts.operations._planning import NotPayable, plan_file

__all__ = [
    "NotPayable",
    "approve_file",
    "note_executed",
    "note_refused",
    "note_transfer_left",
    "plan_file",
    "reject_file",
    "take_file",
]
