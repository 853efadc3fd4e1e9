"""Making, sending and scheduling statements: the only door to their tables."""

from statements.operations._making import FutureStatement, StatementDoesNotFoot, file_of, make_statement
from statements.operations._scheduling import (
    drop_schedule,
    go_round,
    mail_period,
    retry_mailing,
    set_schedule,
)
from statements.operations._sending import SentBefore, send_statement

__all__ = [
    "FutureStatement",
    "SentBefore",
    "StatementDoesNotFoot",
    "drop_schedule",
    "file_of",
    "go_round",
    "mail_period",
    "make_statement",
    "retry_mailing",
    "send_statement",
    "set_schedule",
]
