"""Finding the text a message is made from."""

from __future__ import annotations

from datetime import datetime

from core.errors import Refused
from correspondence.defaults import LANGUAGES, texts_of
from correspondence.models import Channel, Template
from correspondence.queries import languages_of, template_in_use
from entities.models import Entity


class NoTemplateInUse(Refused):
    """No template of the situation is in use in any language the customer reads."""


class Texts:
    """The texts found for many messages: each is looked for once."""

    def __init__(self, *, now: datetime) -> None:
        """Puts the texts we start with into use where some are missing."""
        install_texts(now=now)
        self._found: dict[tuple[object, ...], Template | NoTemplateInUse] = {}

    def find(
        self, situation: str, language: str, entity: Entity, *, channel: str, customer_type: str, tone: int
    ) -> Template:
        """The text in use that fits best; NoTemplateInUse names what is missing."""
        key = (situation, language, entity.language, channel, customer_type, tone)
        if key not in self._found:
            self._found[key] = _find(
                situation, language, entity, channel=channel, customer_type=customer_type, tone=tone
            )
        found = self._found[key]
        if isinstance(found, NoTemplateInUse):
            raise found
        return found


def find_template(
    situation: str,
    language: str,
    entity: Entity,
    *,
    now: datetime,
    channel: str = Channel.EMAIL,
    customer_type: str = "",
    tone: int = 0,
) -> Template:
    """The same for one message."""
    return Texts(now=now).find(
        situation, language, entity, channel=channel, customer_type=customer_type, tone=tone
    )


def _find(
    situation: str, language: str, entity: Entity, *, channel: str, customer_type: str, tone: int
) -> Template | NoTemplateInUse:
    languages = languages_of(language, entity)
    template = template_in_use(situation, languages, channel=channel, customer_type=customer_type, tone=tone)
    if template is not None:
        return template
    form = "letter" if channel == Channel.LETTER else "message"
    return NoTemplateInUse(
        f"No {form} text is in use for “{situation}” in {', '.join(languages)}.",
        rule="a_situation_has_a_template_in_use",
        mend="Take one into use under Mail, Texts.",
    )


def install_texts(*, now: datetime) -> None:
    """Put the texts we start with into use where a situation has none in a language yet. Safe to repeat."""
    known = set(Template.objects.values_list("language", "situation", "channel", "customer_type", "tone"))
    missing = [
        Template(
            **variant._asdict(),
            language=language,
            version=1,
            subject=text.subject,
            body=text.body,
            status=Template.Status.ACTIVE,
            created_at=now,
            approved_at=now,
        )
        for language in LANGUAGES
        for variant, text in texts_of(language).items()
        if (language, *variant) not in known
    ]
    if missing:
        Template.objects.bulk_create(missing, ignore_conflicts=True)
