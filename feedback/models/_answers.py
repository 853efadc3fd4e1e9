"""Surveys we send, what customers answer, and who asked to be left alone."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from core.ranges import InstantRange
from feedback.rules import GAP

PERSON = settings.AUTH_USER_MODEL


class Occasion(models.TextChoices):
    """What somebody is asked about."""

    INVOICE = "invoice", "Invoice"
    PAYMENT = "payment", "Payment"
    DISPUTE = "dispute", "Dispute"
    INQUIRY = "inquiry", "Inquiry"
    RELATION = "relation", "Working with us"


class Instrument(models.TextChoices):
    """The question and its scale."""

    CSAT = "csat", "Satisfaction, 1 to 5"
    NPS = "nps", "Recommendation, 0 to 10"
    CES = "ces", "Ease, 1 to 7"


class Channel(models.TextChoices):
    """How an answer reached us."""

    PAGE = "page", "Page of the invoice"
    SURVEY = "survey", "Survey by mail"
    PHONE = "phone", "Phone"
    MAIL = "mail", "Mail"
    MEETING = "meeting", "Meeting"


class Survey(models.Model):
    """One question to one contact about one thing. Sent once, about that thing and within its window."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="surveys")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, related_name="+")
    occasion = models.CharField(max_length=8, choices=Occasion.choices)
    instrument = models.CharField(max_length=4, choices=Instrument.choices)
    subject_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    label = models.CharField(max_length=160, help_text="The thing as the customer knows it")
    link = models.OneToOneField(
        "correspondence.PublicLink", on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    # Thirty days later: no other survey of the customer may begin before.
    rests_until = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at", "-id"]
        default_permissions = ()
        constraints = [
            ExclusionConstraint(
                name="a_customer_is_asked_once_in_30_days",
                expressions=[
                    ("customer", RangeOperators.EQUAL),
                    (InstantRange("asked_at", "rests_until"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(rests_until__gte=F("asked_at") + GAP), name="a_customer_rests_30_days_at_least"
            ),
            # How it is to work with us may be asked again and again.
            models.UniqueConstraint(
                fields=["occasion", "subject_type", "subject_id"],
                condition=~Q(occasion="relation"),
                name="a_thing_is_asked_about_once",
            ),
        ]
        indexes = [models.Index(fields=["entity", "-asked_at"], name="survey_of_company")]

    def __str__(self) -> str:
        return f"{self.get_occasion_display()} {self.label}"

    def mail_stop(self, now: datetime) -> str:  # noqa: ARG002 (what the outbox asks of any subject)
        """Why the mail must not leave any more: the contact asked for no surveys meanwhile."""
        return "They asked for no surveys." if OptOut.objects.filter(contact=self.contact_id).exists() else ""


class Answer(models.Model):
    """A score, and perhaps words, about one thing."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="answers")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    survey = models.OneToOneField(Survey, on_delete=models.PROTECT, null=True, related_name="answer")
    # The link it was given by. Unique: a token answers once.
    link = models.OneToOneField(
        "correspondence.PublicLink", on_delete=models.PROTECT, null=True, related_name="+"
    )
    occasion = models.CharField(max_length=8, choices=Occasion.choices)
    instrument = models.CharField(max_length=4, choices=Instrument.choices)
    subject_type = models.ForeignKey(
        "contenttypes.ContentType", on_delete=models.PROTECT, null=True, related_name="+"
    )
    subject_id = models.BigIntegerField(null=True)
    subject = GenericForeignKey("subject_type", "subject_id")
    label = models.CharField(max_length=160)
    line = models.PositiveIntegerField(null=True, help_text="Position of the invoice's line it is about")
    line_text = models.CharField(max_length=160, blank=True, default="")
    score = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True, default="")
    channel = models.CharField(max_length=7, choices=Channel.choices)
    is_complaint = models.BooleanField(default=False)
    thread = models.ForeignKey(
        "conversations.Thread", on_delete=models.PROTECT, null=True, related_name="complaints"
    )
    complaint_due_at = models.DateTimeField(null=True)
    complaint_answered_at = models.DateTimeField(null=True)
    # What the customer had before them, to compare texts and terms by.
    template = models.ForeignKey(
        "correspondence.Template", on_delete=models.PROTECT, null=True, related_name="+"
    )
    policy = models.ForeignKey("policies.Policy", on_delete=models.PROTECT, null=True, related_name="+")
    team = models.CharField(max_length=30, blank=True, default="", help_text="Role of whoever worked on it")
    themes = models.ManyToManyField("feedback.Theme", related_name="answers")
    cause = models.ForeignKey("feedback.Cause", on_delete=models.PROTECT, null=True, related_name="answers")
    given_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    entered_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-given_at", "-id"]
        default_permissions = ()
        permissions = [
            ("view_feedback", "Can read what customers and colleagues say"),
            ("enter_feedback", "Can enter answers, see to complaints and ask customers"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(instrument="csat", score__gte=1, score__lte=5)
                | Q(instrument="nps", score__gte=0, score__lte=10)
                | Q(instrument="ces", score__gte=1, score__lte=7),
                name="a_score_is_on_its_scale",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["page", "survey"], link__isnull=False, entered_by__isnull=True)
                | Q(channel__in=["phone", "mail", "meeting"], link__isnull=True),
                name="an_answer_comes_by_a_link_or_is_typed_in",
            ),
            models.CheckConstraint(
                condition=Q(is_complaint=False) | ~Q(comment="") & Q(complaint_due_at__isnull=False),
                name="a_complaint_has_words_and_a_clock",
            ),
            models.CheckConstraint(
                condition=Q(line__isnull=True) | Q(subject_id__isnull=False),
                name="a_line_belongs_to_a_document",
            ),
        ]
        indexes = [
            models.Index(fields=["-given_at", "-id"], name="answer_by_day"),
            models.Index(fields=["customer", "-given_at"], name="answer_of_customer"),
            models.Index(fields=["subject_type", "subject_id"], name="answer_about"),
            models.Index(
                fields=["complaint_due_at"],
                name="complaint_waiting",
                condition=Q(is_complaint=True, complaint_answered_at__isnull=True),
            ),
        ]
        triggers = [pgtrigger.Protect(name="an_answer_is_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.score} for {self.label}"

    def get_absolute_url(self) -> str:
        return reverse("feedback:answer", args=[self.pk])


class OptOut(models.Model):
    """A contact who asked for no surveys. The row is the wish; it goes when they change their mind."""

    contact = models.OneToOneField("customers.Contact", on_delete=models.PROTECT, related_name="no_surveys")
    at = models.DateTimeField()
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"No surveys for {self.contact_id}"
