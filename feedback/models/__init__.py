"""Surveys and answers, the colleagues' box, causes and themes, and what is improved."""

from feedback.models._answers import Answer, Channel, Instrument, Occasion, OptOut, Survey
from feedback.models._box import Cause, Suggestion, Theme, any_number
from feedback.models._improvements import CauseNote, Improvement, Publication, Source

__all__ = [
    "Answer",
    "Cause",
    "CauseNote",
    "Channel",
    "Improvement",
    "Instrument",
    "Occasion",
    "OptOut",
    "Publication",
    "Source",
    "Suggestion",
    "Survey",
    "Theme",
    "any_number",
]
