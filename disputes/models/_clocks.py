"""The clocks of a dispute, when they stood still, its way up, and who held it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from disputes import rules
from disputes.models._dispute import Dispute

PERSON = settings.AUTH_USER_MODEL


class Clock(models.Model):
    """One deadline of one round. `due_at` and `warn_at` are empty while we wait for the customer.

    `warned_at` and `breached_at` are claims: whoever sets them announces it, and nobody else does.
    """

    class Kind(models.TextChoices):
        ACKNOWLEDGE = rules.ACKNOWLEDGE, "Acknowledge"
        ANSWER = rules.ANSWER, "First answer"
        RESOLVE = rules.RESOLVE, "Resolve"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="clocks")
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=11, choices=Kind.choices)
    minutes = models.PositiveIntegerField(help_text="Business minutes")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    met_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "round", "kind"], name="a_round_has_one_clock_of_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True, warn_at__isnull=True) | Q(warn_at__lte=F("due_at")),
                name="a_clock_warns_before_it_ends",
            ),
        ]
        indexes = [
            models.Index(
                fields=["warn_at"],
                name="clock_to_warn",
                condition=Q(met_at__isnull=True, warned_at__isnull=True, breached_at__isnull=True),
            ),
            models.Index(
                fields=["due_at"],
                name="clock_to_end",
                condition=Q(met_at__isnull=True, breached_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.due_at:%Y-%m-%d %H:%M}" if self.due_at else self.kind


class Pause(models.Model):
    """The clocks stood still: we waited for the customer."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="pauses")
    round = models.PositiveSmallIntegerField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(until_at__isnull=True), name="a_dispute_pauses_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gte=F("from_at")),
                name="a_dispute_pause_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} from {self.from_at:%Y-%m-%d %H:%M}"


class Escalation(models.Model):
    """A dispute reached a level: the row is the claim, so each level is reached once in a round."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="escalations")
    round = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    to = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    deputy_of = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "round", "level"], name="a_dispute_reaches_a_level_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="an_escalation_has_a_reason"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="an_escalation_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} level {self.level}"


class Holding(models.Model):
    """Who held a dispute from when until when: responsible, accountable, consulted, informed."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="holdings")
    level = models.PositiveSmallIntegerField()
    responsible = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    accountable = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="disputes_held")
    deputy_of = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    consulted = models.CharField(max_length=80, blank=True, default="")
    informed = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"],
                condition=Q(until_at__isnull=True),
                name="a_dispute_is_held_by_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gte=F("from_at")),
                name="a_holding_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["accountable"], name="holding_now", condition=Q(until_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} level {self.level}"
