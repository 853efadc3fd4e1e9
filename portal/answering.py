"""What a customer writes on in a conversation, from either of their pages."""

from __future__ import annotations

import structlog
from django.http import HttpRequest
from django.utils import timezone

from conversations.models import Channel, Thread
from conversations.operations import receive_message
from core.errors import DomainError
from correspondence.models import PublicLink
from portal.forms import AnswerForm
from portal.words import Words

logger = structlog.get_logger(__name__)


def take_answer(request: HttpRequest, link: PublicLink, thread: Thread, words: Words) -> bool:
    """Post the form onto the thread, once; False when it is refused. "Not solved" needs no words."""
    form = AnswerForm(request.POST)
    is_unsolved = "unsolved" in request.POST
    if not form.is_valid() or not (form.cleaned_data["body"] or is_unsolved):
        return False
    body = form.cleaned_data["body"]
    try:
        receive_message(
            customer=thread.customer,
            body=f"{words['my_not_solved']}\n{body}".strip() if is_unsolved else body,
            subject=f"{thread.reference} {thread.subject}",
            about=thread.about,
            contact=link.contact,
            sender=link.contact.email if link.contact else "",
            channel=Channel.PORTAL,
            external_id=f"portal:{link.pk}:{form.cleaned_data['once']}:{thread.pk}",
            entity=thread.entity,
            now=timezone.now(),
        )
    except DomainError as refusal:
        logger.info("answer_refused", thread=thread.pk, rule=refusal.rule)
        return False
    return True
