"""What we write to customers: templates as versioned data, messages, and what became of them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from correspondence.naming import LANGUAGES, situation_name

PERSON = settings.AUTH_USER_MODEL


class Channel(models.TextChoices):
    """How a message travels."""

    EMAIL = "email", "E-mail"
    LETTER = "letter", "Letter"


class CustomerType(models.TextChoices):
    """Whom a text is for; the same words as a customer's kind."""

    ANY = "", "Any customer"
    BUSINESS = "business", "Business"
    CONSUMER = "consumer", "Consumer"
    PUBLIC = "public", "Public authority"


class Template(models.Model):
    """The words for one situation, language, channel, tone and customer type. A new text is a new version."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEW = "review", "Waits for approval"
        ACTIVE = "active", "In use"
        RETIRED = "retired", "Retired"

    situation = models.CharField(max_length=40)
    language = models.CharField(max_length=5)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    customer_type = models.CharField(
        max_length=10, choices=CustomerType.choices, blank=True, default=CustomerType.ANY
    )
    tone = models.PositiveSmallIntegerField(default=0, help_text="1 warm to 5 last word; 0 is any")
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    body = models.TextField(help_text="Paragraphs, lists, **bold** and {{variables}}")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    submitted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    approver = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    # Texts that come with the product are in use from the start, by nobody's leave.
    approved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["situation", "language", "channel", "customer_type", "tone", "-version"]
        permissions = [
            ("edit_template", "Can write message templates"),
            ("approve_template", "Can approve message templates"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["situation", "language", "channel", "customer_type", "tone", "version"],
                name="a_template_version_has_its_own_number",
            ),
            models.UniqueConstraint(
                fields=["situation", "language", "channel", "customer_type", "tone"],
                condition=Q(status="active"),
                name="one_template_is_in_use_per_variant",
            ),
            models.CheckConstraint(condition=Q(tone__lte=5), name="a_tone_is_one_of_five_or_any"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="a_template_is_for_mail_or_letters"
            ),
            models.CheckConstraint(
                condition=Q(customer_type__in=CustomerType.values),
                name="a_template_is_for_a_known_customer_type",
            ),
            models.CheckConstraint(
                condition=Q(approver=None) | Q(author=None) | ~Q(approver=F("author")),
                name="nobody_approves_their_own_template",
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(approved_at__isnull=False),
                name="a_template_in_use_was_approved",
            ),
        ]

    def __str__(self) -> str:
        language = LANGUAGES.get(self.language, self.language)
        return f"{situation_name(self.situation)}, {language}, version {self.version}"


class Message(models.Model):
    """A rendered message, frozen when queued: the bytes sent are the bytes previewed."""

    situation = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    tone = models.PositiveSmallIntegerField(default=0)
    template = models.ForeignKey(Template, on_delete=models.PROTECT, null=True, related_name="+")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="messages")
    about_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    about_id = models.BigIntegerField()
    language = models.CharField(max_length=5)
    sender = models.CharField(max_length=200)
    subject = models.CharField(max_length=250)
    html = models.TextField()
    text = models.TextField()
    # Printed into the text at hand-over where it says LINK_MARK; the token itself is never stored.
    link = models.ForeignKey("PublicLink", on_delete=models.PROTECT, null=True, related_name="+")
    queued_at = models.DateTimeField()
    queued_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("send_message", "Can send messages to customers"),
            ("view_outgoing", "Can see outgoing mail"),
        ]
        indexes = [models.Index(fields=["about_type", "about_id", "-id"], name="message_about")]
        triggers = [
            pgtrigger.Protect(
                name="a_queued_message_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return self.subject


class Attachment(models.Model):
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attachments")
    filename = models.CharField(max_length=160)
    media_type = models.CharField(max_length=80)
    # The stored file's name in the private storage; its bytes are read at hand-over.
    stored_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.filename


class Delivery(models.Model):
    """One message to one recipient: the outbox row a worker claims, and what became of it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Being handed over"
        SENT = "sent", "Handed over"
        DELIVERED = "delivered", "Delivered"
        OPENED = "opened", "Opened"
        BOUNCED = "bounced", "Came back"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        TO_POST = "to_post", "To be posted"
        POSTED = "posted", "Posted"

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    # Empty for a letter, whose address is printed in it.
    email = models.EmailField(blank=True)
    # Stable over every attempt, so that a repeated hand-over is the same mail to the receiver.
    mail_id = models.CharField("Message-ID", max_length=120, unique=True)
    # What the mail service calls it; its reports come under this name.
    provider_id = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    posted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    # The letter as printed: its name in the private storage, and its hash.
    letter_name = models.CharField(max_length=200, blank=True, default="")
    letter_sha256 = models.CharField(max_length=64, blank=True, default="")
    # The delivery that came back and that this one replaces.
    instead_of = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replacement")
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        permissions = [("post_letter", "Can print letters and mark them posted")]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "email"],
                condition=~Q(email=""),
                name="a_message_goes_once_to_an_address",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "delivered", "opened"]) | Q(sent_at__isnull=False),
                name="a_sent_delivery_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["to_post", "posted"]) | ~Q(letter_sha256=""),
                name="a_letter_to_post_was_printed",
            ),
            models.CheckConstraint(
                condition=~Q(state="posted") | Q(posted_at__isnull=False), name="a_posted_letter_has_a_day"
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="delivery_waiting",
                condition=Q(state__in=["queued", "sending"]),
            ),
            models.Index(fields=["provider_id"], name="delivery_provider", condition=~Q(provider_id="")),
            models.Index(fields=["id"], name="delivery_to_post", condition=Q(state="to_post")),
        ]

    def __str__(self) -> str:
        return f"{self.email or self.contact or 'letter'} {self.state}"


class PublicLink(models.Model):
    """The right to open one page without login. Only the hash of its token is kept.

    The token is derived from the row and a secret key (`links.address`), so it can be printed into
    a message at hand-over without being stored.
    """

    purpose = models.CharField(max_length=20)
    about_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    about_id = models.BigIntegerField()
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    salt = models.CharField(max_length=32)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    last_opened_at = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        permissions = [("manage_link", "Can create and revoke customer links")]
        indexes = [models.Index(fields=["about_type", "about_id", "-id"], name="link_about")]

    def __str__(self) -> str:
        return f"{self.purpose} link {self.pk}"
