"""Messages and message texts over the API. Both are read; what is written is written by what happens."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.rest.fields import Moment, Query
from core.rest.lookup import at_address
from core.rest.paging import Listing
from correspondence import queries
from correspondence.defaults import LANGUAGES
from correspondence.models import Channel, CustomerType, Delivery, Message, Template
from correspondence.previews import without_link
from correspondence.situations import SITUATIONS
from team.endpoints import Call, act

SEE = "correspondence.view_outgoing"


class DeliveryOut(serializers.Serializer[Any]):
    """The message to one recipient, and what became of it. A letter has no e-mail address."""

    id = serializers.IntegerField()
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    email = serializers.CharField()
    state = serializers.ChoiceField(Delivery.State.choices)
    attempts = serializers.IntegerField()
    not_before = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(
        allow_null=True, help_text="Noted only where the contact agreed to it."
    )
    bounced_at = serializers.DateTimeField(allow_null=True, help_text="A mail or a letter came back.")
    posted_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    instead_of = serializers.IntegerField(
        source="instead_of_id",
        allow_null=True,
        help_text="The delivery that came back and that this replaces.",
    )
    mail_id = serializers.CharField(help_text="The Message-ID, the same at every attempt.")


class AttachmentOut(serializers.Serializer[Any]):
    """A file that went with the message."""

    filename = serializers.CharField()
    media_type = serializers.CharField()
    sha256 = serializers.CharField()


class AboutOut(serializers.Serializer[Any]):
    """The record a message is about."""

    type = serializers.CharField(source="about_type.model", help_text="Like invoice or case.")
    id = serializers.IntegerField(source="about_id")


class MessageOut(serializers.Serializer[Any]):
    """A message to a customer as it was frozen when it was queued."""

    id = serializers.IntegerField()
    situation = serializers.ChoiceField(list(SITUATIONS))
    channel = serializers.ChoiceField(Channel.choices)
    tone = serializers.IntegerField(help_text="1 warm to 5 last word.")
    language = serializers.CharField()
    customer = serializers.IntegerField(source="customer_id")
    entity = serializers.CharField(source="entity.code")
    about = AboutOut(source="*")
    template = serializers.IntegerField(source="template_id", allow_null=True)
    sender = serializers.CharField()
    subject = serializers.CharField()
    queued_at = serializers.DateTimeField()


class MessageDetailOut(MessageOut):
    """The message with its words, its files, and what became of it for each recipient."""

    text = serializers.SerializerMethodField(help_text="As plain text; the customer's own link is hidden.")
    deliveries = DeliveryOut(many=True)
    attachments = AttachmentOut(many=True)

    def get_text(self, message: Message) -> str:
        """The words the customer reads."""
        return without_link(message.text)


class TemplateOut(serializers.Serializer[Any]):
    """One version of a text. Tone 0 and an empty customer type are for any."""

    id = serializers.IntegerField()
    situation = serializers.ChoiceField(list(SITUATIONS))
    language = serializers.CharField()
    channel = serializers.ChoiceField(Channel.choices)
    customer_type = serializers.CharField(help_text="business, consumer, public, or empty for any.")
    tone = serializers.IntegerField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(Template.Status.choices)
    subject = serializers.CharField()
    body = serializers.CharField()
    created_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)


class MessagesQuery(Query):
    """Narrowing the list of messages."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    invoice = serializers.IntegerField(
        required=False, min_value=1, max_value=2**53, help_text="Messages about this document alone."
    )
    situation = serializers.ChoiceField(list(SITUATIONS), required=False)
    channel = serializers.ChoiceField(Channel.choices, required=False)
    state = serializers.ChoiceField(
        Delivery.State.choices, required=False, help_text="Of one recipient at least."
    )
    since = Moment(required=False, help_text="Queued at this moment or later.")
    until = Moment(required=False, help_text="Queued before this moment.")


class TemplatesQuery(Query):
    """Narrowing the list of texts."""

    situation = serializers.ChoiceField(list(SITUATIONS), required=False)
    language = serializers.ChoiceField(list(LANGUAGES), required=False)
    channel = serializers.ChoiceField(Channel.choices, required=False)
    customer_type = serializers.ChoiceField(
        [choice for choice in CustomerType.choices if choice[0]], required=False
    )
    status = serializers.ChoiceField(Template.Status.choices, required=False)


@act("GET", SEE, answers=MessageOut, query=MessagesQuery, paged=True)
def list_messages(request: Call, query: dict[str, Any]) -> Listing:
    """Messages to customers, the newest first."""
    rows = queries.found_messages(request.user, **query).select_related("about_type")
    return Listing(rows, "-queued", {"queued": "id"})


@act("GET", SEE, answers=MessageDetailOut)
def get_message(request: Call, pk: int) -> Message:
    """One message with its words and what became of it."""
    rows = queries.visible_to(request.user).select_related("about_type")
    return at_address(rows.prefetch_related("deliveries", "attachments"), pk=pk)


@act("GET", SEE, answers=TemplateOut, query=TemplatesQuery, paged=True)
def list_templates(request: Call, query: dict[str, Any]) -> Listing:  # noqa: ARG001 (texts are of no company)
    """Versions of the texts, the newest first."""
    return Listing(Template.objects.filter(**query), "-id", {"id": "id"})


@act("GET", SEE, answers=TemplateOut)
def get_template(request: Call, pk: int) -> Template:  # noqa: ARG001
    """One version of a text."""
    return at_address(Template.objects.all(), pk=pk)
