"""Writing feedback: asking, answers, complaints, the box, improvements and telling customers of them."""

from feedback.operations._answering import AnsweredBefore, enter_answer, give_answer
from feedback.operations._asking import NotAsked, ask_about_inquiry, ask_about_payment, ask_customer
from feedback.operations._box import SuggestionMoved, answer_suggestion, make_suggestion, set_themes
from feedback.operations._causes import note_cause, set_cause
from feedback.operations._complaints import (
    NoComplaint,
    finish_complaint,
    flag_complaint,
    note_thread_answered,
)
from feedback.operations._improving import (
    ImprovementStands,
    add_source,
    aim_improvement,
    close_improvement,
    drop_improvement,
    propose_improvement,
    start_improvement,
    write_before,
    write_effect,
)
from feedback.operations._opting import WantsNoSurveys, allow_surveys, stop_surveys
from feedback.operations._publishing import publish_improvement

__all__ = [
    "AnsweredBefore",
    "ImprovementStands",
    "NoComplaint",
    "NotAsked",
    "SuggestionMoved",
    "WantsNoSurveys",
    "add_source",
    "aim_improvement",
    "allow_surveys",
    "answer_suggestion",
    "ask_about_inquiry",
    "ask_about_payment",
    "ask_customer",
    "close_improvement",
    "drop_improvement",
    "enter_answer",
    "finish_complaint",
    "flag_complaint",
    "give_answer",
    "make_suggestion",
    "note_cause",
    "note_thread_answered",
    "propose_improvement",
    "publish_improvement",
    "set_cause",
    "set_themes",
    "start_improvement",
    "stop_surveys",
    "write_before",
    "write_effect",
]
