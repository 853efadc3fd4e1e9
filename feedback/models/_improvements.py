"""What we change because of what was said, what it moved, and whom we told."""

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q
from django.urls import reverse

from core.ranges import InstantRange
from feedback.models._answers import Answer
from feedback.models._box import Cause, Suggestion

PERSON = settings.AUTH_USER_MODEL
_FOREVER = pgtrigger.Update | pgtrigger.Delete


class Improvement(models.Model):
    """An action with its sources, owner and day, and the figure it shall move."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        DOING = "doing", "Being done"
        CLOSED = "closed", "Done, effect awaited"
        MEASURED = "measured", "Effect measured"
        DROPPED = "dropped", "Dropped"

    title = models.CharField(max_length=160)
    action = models.TextField(help_text="What is done, by what it is seen to be done")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="improvements")
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    # A figure of `metrics` by its code; its task writes the values.
    figure = models.CharField(max_length=20, blank=True, default="")
    before = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    before_at = models.DateTimeField(null=True)
    after = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    after_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    dropped_why = models.CharField(max_length=300, blank=True, default="")
    # Made because one cause came three times in its window.
    corrects = models.ForeignKey(Cause, on_delete=models.PROTECT, null=True, related_name="corrections")
    window_from = models.DateTimeField(null=True)
    window_until = models.DateTimeField(null=True)
    said = models.TextField(blank=True, default="", help_text="You said")
    did = models.TextField(blank=True, default="", help_text="We did")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["due_on", "id"]
        default_permissions = ()
        permissions = [
            ("manage_improvement", "Can plan, start and close improvements"),
            ("publish_improvement", "Can tell customers what was improved"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["closed", "measured"])
                | ~Q(figure="") & Q(before__isnull=False, closed_at__isnull=False),
                name="a_closed_improvement_has_a_figure_and_its_value_before",
            ),
            models.CheckConstraint(
                condition=Q(state="measured", after__isnull=False)
                | ~Q(state="measured") & Q(after__isnull=True),
                name="a_measured_improvement_has_its_value_after",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | ~Q(said="") & ~Q(did=""),
                name="a_published_improvement_says_what_was_said_and_done",
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | Q(window_from__isnull=False, window_until__isnull=False),
                name="a_correction_has_a_window",
            ),
            ExclusionConstraint(
                name="a_cause_is_corrected_once_in_its_window",
                expressions=[
                    ("corrects", RangeOperators.EQUAL),
                    (InstantRange("window_from", "window_until"), RangeOperators.OVERLAPS),
                ],
                condition=Q(corrects__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "due_on"], name="improvement_by_state")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("feedback:improvement", args=[self.pk])

    @property
    def effect(self) -> Decimal | None:
        """What it moved: the value after less the value before."""
        return None if self.after is None or self.before is None else self.after - self.before

    @property
    def kind(self) -> str:
        """The colour of its pill."""
        return {"proposed": "info", "doing": "warn", "closed": "violet", "measured": "ok"}.get(self.state, "")


class Source(models.Model):
    """Why an improvement is made: an answer, a suggestion or a cause."""

    improvement = models.ForeignKey(Improvement, on_delete=models.PROTECT, related_name="sources")
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, null=True, related_name="improved_by")
    suggestion = models.ForeignKey(
        Suggestion, on_delete=models.PROTECT, null=True, related_name="improved_by"
    )
    cause = models.ForeignKey(Cause, on_delete=models.PROTECT, null=True, related_name="improved_by")

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(answer__isnull=False, suggestion__isnull=True, cause__isnull=True)
                | Q(answer__isnull=True, suggestion__isnull=False, cause__isnull=True)
                | Q(answer__isnull=True, suggestion__isnull=True, cause__isnull=False),
                name="a_source_is_one_thing",
            ),
            models.UniqueConstraint(
                fields=["improvement", "answer", "suggestion", "cause"],
                nulls_distinct=False,
                name="a_source_is_named_once",
            ),
        ]
        triggers = [pgtrigger.Protect(name="a_source_is_kept", operation=_FOREVER)]

    def __str__(self) -> str:
        return str(self.answer or self.suggestion or self.cause)


class Publication(models.Model):
    """One customer of a published improvement: told once, or the reason why not."""

    class Outcome(models.TextChoices):
        TOLD = "told", "Told"
        OPTED_OUT = "opted_out", "Wants no surveys"
        UNREACHED = "unreached", "Nobody to write to"

    improvement = models.ForeignKey(Improvement, on_delete=models.PROTECT, related_name="publications")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="improvements")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    message = models.ForeignKey(
        "correspondence.Message", on_delete=models.PROTECT, null=True, related_name="+"
    )
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["improvement", "customer"], name="a_customer_is_told_of_an_improvement_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome="told", message__isnull=False)
                | ~Q(outcome="told") & Q(message__isnull=True),
                name="who_is_told_gets_a_message",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.get_outcome_display()}"


class CauseNote(models.Model):
    """A cause came again: in which dispute, answer or finding. Three in 30 days make a correction."""

    cause = models.ForeignKey(Cause, on_delete=models.PROTECT, related_name="notes")
    subject_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    at = models.DateTimeField()
    correction = models.ForeignKey(
        Improvement, on_delete=models.PROTECT, null=True, related_name="cause_notes"
    )

    class Meta:
        ordering = ["-at", "-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "subject_type", "subject_id"], name="a_thing_has_a_cause_once"
            )
        ]
        indexes = [models.Index(fields=["cause", "at"], name="cause_note_by_time")]

    def __str__(self) -> str:
        return f"{self.cause_id} at {self.at:%Y-%m-%d}"
