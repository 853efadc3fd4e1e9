"""What people decide beforehand: when disputes go up, their limits, and how each reason is worked on."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from disputes import rules
from disputes.models._dispute import AMOUNT, REASON_CHOICES

PERSON = settings.AUTH_USER_MODEL


class MatrixStep(models.Model):
    """One line of the escalation matrix; see `rules.Step`. Amounts in functional currency."""

    class From(models.TextChoices):
        RAISED = rules.FROM_RAISED, "after it was raised"
        BREACH = rules.FROM_BREACH, "after a deadline was missed"

    level = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=30)
    counted_from = models.CharField(max_length=6, choices=From.choices)
    hours = models.PositiveIntegerField(help_text="Business hours")
    at_least = models.DecimalField(**AMOUNT, default=0)
    reasons = ArrayField(models.CharField(max_length=3), default=list)
    segment = models.ForeignKey("customers.Segment", on_delete=models.PROTECT, null=True, related_name="+")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["level", "hours", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(level__gte=2) & Q(level__lte=rules.TOP), name="the_matrix_goes_up"
            ),
            models.CheckConstraint(condition=Q(at_least__gte=0), name="a_step_begins_at_an_amount"),
        ]

    def __str__(self) -> str:
        return f"Level {self.level}: {self.hours} h {self.get_counted_from_display()}"


class DisputeLimits(models.Model):
    """The amounts of one company, in its functional currency; see `rules.Limits`."""

    entity = models.OneToOneField(
        "entities.Entity", on_delete=models.PROTECT, primary_key=True, related_name="dispute_limits"
    )
    large = models.DecimalField(**AMOUNT)
    legal = models.DecimalField(**AMOUNT)
    goodwill = models.DecimalField(**AMOUNT)
    small = models.DecimalField(**AMOUNT)
    disputes_short_payments = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(large__gte=0, legal__gte=0, goodwill__gte=0, small__gte=0),
                name="limits_of_disputes_are_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity_id}"


class Playbook(models.Model):
    """One version of how a reason is worked on. Published once, then frozen; disputes keep theirs."""

    reason = models.CharField(max_length=3, choices=REASON_CHOICES)
    version = models.PositiveSmallIntegerField()
    steps = ArrayField(models.CharField(max_length=300), default=list)
    questions = ArrayField(models.CharField(max_length=300), default=list)
    replies = ArrayField(models.TextField(), default=list, help_text="Model replies, empathy first")
    consults = models.CharField(max_length=80)
    is_current = models.BooleanField(default=True)
    published_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["reason", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["reason", "version"], name="a_playbook_version_is_used_once"),
            models.UniqueConstraint(
                fields=["reason"], condition=Q(is_current=True), name="one_playbook_is_current_per_reason"
            ),
            models.CheckConstraint(condition=~Q(steps=[]), name="a_playbook_has_steps"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}, version {self.version}"
