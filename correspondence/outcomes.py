"""What a failed hand-over means: try again later, or never. Pure.

Temporary: no connection, a 4xx answer, our own sign-in at the mail server. Permanent: a 5xx answer about this
mail, its recipient or its sender.
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from datetime import timedelta

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""The wait after the first, second … failed attempt. After the last one the delivery has failed."""

_LONGEST = 500
# The mailbox does not exist, or takes nothing from anybody (RFC 3463, 5321).
_NO_SUCH_MAILBOX = frozenset({550, 551, 553})


@dataclass(frozen=True)
class Failure:
    """Why a hand-over failed. `code` is the mail server's reply, 0 where it gave none."""

    text: str
    permanent: bool
    code: int = 0
    mailbox_is_dead: bool = False


def failure_of(error: Exception) -> Failure:
    """The meaning of what the mail backend raised."""
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        code, reply = next(iter(error.recipients.values()))
        return _answered(code, reply, about_recipient=True)
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return Failure(_short(f"{error.smtp_code} {_words(error.smtp_error)}"), False, error.smtp_code)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, error.smtp_error, about_recipient=False)
    return Failure(_short(f"{type(error).__name__}: {error}"), permanent=False)


def next_wait(attempts: int) -> timedelta | None:
    """How long to wait after that many attempts; None when it was the last."""
    return BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None


def _answered(code: int, reply: bytes | str, *, about_recipient: bool) -> Failure:
    permanent = 500 <= code <= 599
    dead = about_recipient and code in _NO_SUCH_MAILBOX
    return Failure(_short(f"{code} {_words(reply)}"), permanent, code, dead)


def _words(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
