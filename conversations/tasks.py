"""The clock's edge of conversations: watching answer times, and the folder mail is dropped into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from conversations import operations
from conversations.incoming import MAIL_BYTES, UnreadableMail
from conversations.maildir import Maildir

logger = structlog.get_logger(__name__)
BATCH = 100


@shared_task
def watch_clocks(**_: Any) -> int:
    """Warn and escalate what waits too long. Safe beside itself."""
    return operations.watch_clocks(now=timezone.now())


@shared_task
def read_maildir(**_: Any) -> int:
    """Take in the mails that lie in the watched folder; returns how many. Safe beside itself."""
    if not settings.MAILDIR:
        return 0
    folder = Maildir(Path(settings.MAILDIR))
    folder.prepare()
    count = 0
    for path in folder.claim(BATCH):
        count += 1
        _take(folder, path)
    return count


def _take(folder: Maildir, path: Path) -> None:
    now = timezone.now()
    try:
        with path.open("rb") as file:
            raw = file.read(MAIL_BYTES + 1)
        operations.take_mail(raw, source="maildir", now=now)
    except UnreadableMail as fault:
        folder.set_aside(path, fault.message)
        operations.set_mail_aside(path.name, source="maildir", reason=fault.message, now=now)
        logger.warning("mail_set_aside", file=path.name, reason=fault.message)
    else:
        folder.finish(path)
