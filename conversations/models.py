"""Threads with customers, their posts, the notes of colleagues, and the mail they came by."""

import re

import pgtrigger
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from correspondence.models import Message

PERSON = settings.AUTH_USER_MODEL
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,248}>")
_REFERENCES = 10
_FOREVER = pgtrigger.Update | pgtrigger.Delete


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"
    PORTAL = "portal", "Customer page"
    PHONE = "phone", "Phone"
    STAFF = "staff", "Written here"


class Thread(models.Model):
    """What one customer and we write about one thing. Without a customer: from a sender nobody knows yet."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting for the customer"
        ANSWERED = "answered", "Answered"
        CLOSED = "closed", "Closed"

    # Short, in every subject; how a later mail finds its thread.
    reference = models.CharField(max_length=12, unique=True)
    subject = models.CharField(max_length=200)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, related_name="threads"
    )
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    sender = models.CharField(max_length=254, blank=True, default="", help_text="Who wrote, as they say")
    about_type = models.ForeignKey(
        "contenttypes.ContentType", on_delete=models.PROTECT, null=True, related_name="+"
    )
    about_id = models.BigIntegerField(null=True)
    about = GenericForeignKey("about_type", "about_id")
    channel = models.CharField(max_length=6, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="inquiries")
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # Set while the customer waits for us. `round` counts how often they began to.
    answer_due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    round = models.PositiveSmallIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True)
    first_answered_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")

    class Meta:
        ordering = ["-changed_at", "-id"]
        permissions = [
            ("read_inquiries", "Can read what customers write and what we answer"),
            ("answer_inquiry", "Can answer, assign, merge and close inquiries"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open") | Q(answer_due_at__isnull=True),
                name="a_clock_runs_in_an_open_thread",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(state="closed"), name="a_merged_thread_is_closed"
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="a_thread_is_not_merged_into_itself",
            ),
            models.CheckConstraint(
                condition=Q(about_type__isnull=True, about_id__isnull=True)
                | Q(about_type__isnull=False, about_id__isnull=False),
                name="a_thread_is_about_a_whole_thing_or_none",
            ),
        ]
        indexes = [
            models.Index(fields=["about_type", "about_id", "-id"], name="thread_about"),
            models.Index(fields=["customer", "-changed_at"], name="thread_of_customer"),
            models.Index(fields=["-changed_at", "-id"], name="thread_by_change"),
            models.Index(
                fields=["answer_due_at"],
                name="thread_with_running_clock",
                condition=Q(answer_due_at__isnull=False),
            ),
            models.Index(
                fields=["owner", "-changed_at"], name="thread_not_closed", condition=~Q(state="closed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("conversations:thread", args=[self.pk])

    def mails_answered(self, message: Message) -> list[str]:
        """The Message-IDs of what the customer had written by the time of our message, the oldest first."""
        came = self.posts.filter(direction="in", channel=Channel.EMAIL, at__lte=message.queued_at)
        ids = came.exclude(external_id="").order_by("at", "id").values_list("external_id", flat=True)
        return [one for one in ids if _MESSAGE_ID.fullmatch(one)][-_REFERENCES:]


class Post(models.Model):
    """What one side wrote to the other: plain text, kept as it was. Everything here may be shown to both."""

    class Direction(models.TextChoices):
        IN = "in", "From the customer"
        OUT = "out", "To the customer"

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="posts")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    body = models.TextField()
    at = models.DateTimeField()
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    sender = models.CharField(max_length=254, blank=True, default="")
    # The Message-ID of a mail, or the id another channel gave; what came once is not taken twice.
    external_id = models.CharField(max_length=250, blank=True, default="")
    message = models.ForeignKey(
        "correspondence.Message", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # A machine wrote it (out of office): it restarts no clock and is not answered.
    is_automatic = models.BooleanField(default=False)
    # What the reader should know of the mail: bytes that were not text, files that were refused.
    faults = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="a_mail_is_posted_once"
            ),
            models.CheckConstraint(
                condition=Q(direction="in") | Q(author__isnull=False), name="an_answer_has_an_author"
            ),
        ]
        indexes = [models.Index(fields=["thread", "at", "id"], name="post_of_thread")]
        triggers = [pgtrigger.Protect(name="a_post_is_frozen", operation=_FOREVER)]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.at:%Y-%m-%d}"


class Attachment(models.Model):
    """A file that came with a post: private, named by its hash, given out as a download alone."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="attachments")
    filename = models.CharField(max_length=160)
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_name = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="a_file_of_a_post_is_frozen", operation=_FOREVER)]

    def __str__(self) -> str:
        return self.filename


class Escalation(models.Model):
    """A warning or an escalation of one wait of a customer: the row is the claim, so it happens once."""

    class Level(models.TextChoices):
        WARNED = "warned", "Owner warned"
        ESCALATED = "escalated", "Escalated to the lead"

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="escalations")
    round = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=9, choices=Level.choices)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "round", "level"], name="a_wait_is_escalated_once_per_level"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} {self.at:%Y-%m-%d}"


class Recap(models.Model):
    """What a thread was closed with: said, understood, agreed; and whether it came back."""

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="recaps")
    said = models.TextField(help_text="What the customer said")
    understood = models.TextField(help_text="What we understood")
    agreed = models.TextField(help_text="What was agreed")
    closed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField()
    message = models.ForeignKey(
        "correspondence.Message", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reopened_at = models.DateTimeField(null=True)
    reopened_by_customer = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["-closed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["thread"],
                condition=Q(reopened_by_customer=True),
                name="a_customer_reopens_a_thread_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.thread_id} closed {self.closed_at:%Y-%m-%d}"


class Note(models.Model):
    """What colleagues tell each other about a record. Never part of anything a customer gets."""

    about_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    about_id = models.BigIntegerField()
    about = GenericForeignKey("about_type", "about_id")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.TextField()
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]
        default_permissions = ()
        permissions = [
            ("write_note", "Can write internal notes"),
            ("read_notes", "Can read internal notes"),
        ]
        indexes = [
            models.Index(fields=["about_type", "about_id", "id"], name="note_about"),
            models.Index(fields=["customer", "-id"], name="note_of_customer"),
        ]

    def __str__(self) -> str:
        return f"Note {self.pk}"


class NoteVersion(models.Model):
    """A note as it stood before somebody changed it."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="versions")
    body = models.TextField()
    written_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="a_version_of_a_note_is_frozen", operation=_FOREVER)]

    def __str__(self) -> str:
        return f"{self.note_id} until {self.replaced_at:%Y-%m-%d %H:%M}"


class Mention(models.Model):
    """A colleague named in a note, unread until they open it."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="mentions")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="mentions")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["note", "person"], name="a_note_mentions_a_person_once")
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="mention_unread", condition=Q(read_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.note_id}"


class InboundMail(models.Model):
    """One mail that reached us and what became of it; the row is also the claim on its Message-ID."""

    class Outcome(models.TextChoices):
        POSTED = "posted", "On a thread"
        AUTOMATIC = "automatic", "Automatic reply, left unanswered"
        LOOP = "loop", "Our own mail come back"
        BOUNCE = "bounce", "Could not be delivered"
        BROKEN = "broken", "Set aside"

    source = models.CharField(max_length=10)
    message_id = models.CharField(max_length=250, unique=True)
    sender = models.CharField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=250, blank=True, default="")
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    reason = models.CharField(max_length=300, blank=True, default="")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.message_id
