"""Tables of disputes."""

from disputes.models._clocks import Clock, Escalation, Holding, Pause
from disputes.models._dispute import Channel, Dispute, Outcome, Part
from disputes.models._proposals import Prevention, Proposal
from disputes.models._settings import DisputeLimits, MatrixStep, Playbook

__all__ = [
    "Channel",
    "Clock",
    "Dispute",
    "DisputeLimits",
    "Escalation",
    "Holding",
    "MatrixStep",
    "Outcome",
    "Part",
    "Pause",
    "Playbook",
    "Prevention",
    "Proposal",
]
