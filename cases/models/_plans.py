"""Payment plans: instalments the customer agreed to."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from cases.models._case import AMOUNT, PERSON


class Plan(models.Model):
    """What is owed, in instalments the customer agreed to. It changes nothing in the ledger."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for approval"
        OFFERED = "offered", "Offered"
        CURRENT = "current", "Current"
        COMPLETED = "completed", "Paid"
        DEFAULTED = "defaulted", "In default"
        REFUSED = "refused", "Not approved"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Rhythm(models.TextChoices):
        WEEKLY = "weekly", "Every week"
        FORTNIGHTLY = "fortnightly", "Every two weeks"
        MONTHLY = "monthly", "Every month"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="plans")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    currency = models.CharField(max_length=3)
    principal = models.DecimalField(**AMOUNT)
    interest = models.DecimalField(**AMOUNT, default=0)
    yearly_rate = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    rhythm = models.CharField(max_length=11, choices=Rhythm.choices, default=Rhythm.MONTHLY)
    months = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=500, blank=True, default="")
    offered_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    offered_at = models.DateTimeField()
    terms_hash = models.CharField(max_length=64, help_text="SHA-256 of what is offered and accepted")
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_on = models.DateField(null=True, blank=True)
    accepted_contact = models.ForeignKey(
        "customers.Contact", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    accepted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    evidence = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    received = models.DecimalField(**AMOUNT, default=0)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(principal__gt=0) & Q(interest__gte=0), name="a_plan_has_an_amount"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["current", "completed", "defaulted"])
                | (Q(accepted_at__isnull=False) & ~Q(evidence="")),
                name="a_plan_runs_once_accepted_with_evidence",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="plan_of_customer"),
            models.Index(fields=["state", "-id"], name="plan_by_state"),
        ]

    def __str__(self) -> str:
        return f"Plan {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("cases:plan", args=[self.pk])

    @property
    def total(self) -> Any:
        return self.principal + self.interest


class PlanPart(models.Model):
    """One instalment of a plan; a trigger proves that they add up to it."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    principal = models.DecimalField(**AMOUNT)
    interest = models.DecimalField(**AMOUNT, default=0)

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="a_plan_counts_its_parts"),
            models.CheckConstraint(
                condition=Q(principal__gt=0) & Q(interest__gte=0), name="a_plan_part_has_an_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.number}"

    @property
    def amount(self) -> Any:
        return self.principal + self.interest


class PlannedInvoice(models.Model):
    """An invoice a plan pays off; `is_live` until the plan ends."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="covers")
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="planned")
    open_amount = models.DecimalField(**AMOUNT, help_text="What was open when the plan was made")
    is_live = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "invoice"], name="a_plan_names_an_invoice_once"),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(is_live=True), name="one_live_plan_per_invoice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.invoice_id}"
