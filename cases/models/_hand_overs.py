"""Cases given to an agency or to lawyers."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from cases.models._case import AMOUNT, PERSON, Case


class HandOver(models.Model):
    """A case given to an agency or to lawyers, after approval, with everything they need in one file."""

    class Kind(models.TextChoices):
        AGENCY = "agency", "Collection agency"
        LEGAL = "legal", "Lawyers"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for approval"
        PACKING = "packing", "Pack is being made"
        READY = "ready", "Handed over"
        REFUSED = "refused", "Not approved"
        RECALLED = "recalled", "Taken back"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="hand_overs")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    recipient = models.CharField(max_length=160)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    amount = models.DecimalField(**AMOUNT)
    currency = models.CharField(max_length=3)
    asked_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    job = models.ForeignKey("work.Job", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stored_name = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size = models.PositiveIntegerField(default=0)
    files = ArrayField(models.CharField(max_length=300), default=list)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(state__in=["waiting", "packing", "ready"]),
                name="a_case_is_handed_over_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "refused"]) | Q(approved_at__isnull=False),
                name="a_hand_over_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | (~Q(sha256="") & ~Q(stored_name="")),
                name="a_pack_is_stored_with_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.recipient}"

    def get_absolute_url(self) -> str:
        return reverse("cases:hand_over", args=[self.pk])
