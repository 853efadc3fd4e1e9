"""Reference rates with their dates, and what late payers were charged."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from charges.rules import SOURCES

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class ReferenceRate(models.Model):
    """The published rate of a central bank from a day on. Never changed: a later day has another row."""

    source = models.CharField(max_length=4, choices=list(SOURCES.items()))
    valid_from = models.DateField()
    rate = models.DecimalField(max_digits=7, decimal_places=4, help_text="Percent a year; may be negative")
    published = models.CharField(max_length=200, help_text="Where it is published")
    entered_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()
    reviewed_on = models.DateField(null=True, help_text="Reviewed by a legal adviser on")
    reviewed_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        ordering = ["source", "-valid_from"]
        default_permissions = ()
        permissions = [
            ("manage_rates", "Can enter reference rates and note their review"),
            ("view_charges", "Can see late charges"),
            ("charge_late", "Can charge late interest and fixed sums"),
            ("waive_charge", "Can ask for a late charge to be waived"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "valid_from"], name="a_reference_rate_has_one_value_per_day"
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=-10, rate__lt=100), name="a_reference_rate_is_a_plausible_percent"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_on__isnull=True) | ~Q(reviewed_by=""), name="a_review_names_the_reviewer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.valid_from} {self.rate}"


class Charge(models.Model):
    """One debit note for one late invoice: interest up to a day, fixed sums, or all of a reminder."""

    class Kind(models.TextChoices):
        INTEREST = "interest", "Late interest"
        FIXED_SUM = "fixed_sum", "Fixed sum for late payment"
        FEE = "fee", "Reminder fee"
        # What a reminder step names together; each part says its own kind.
        SEVERAL = "several", "Charges of a reminder"

    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="late_charges")
    document = models.OneToOneField("invoices.Invoice", on_delete=models.PROTECT, related_name="late_charge")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    until = models.DateField()
    # The reminder step that charged it, in days from the due day; none where a person did.
    step = models.SmallIntegerField(null=True)
    currency = models.CharField(max_length=3)
    # Without tax.
    amount = models.DecimalField(**AMOUNT)
    regime = models.CharField(max_length=10)
    legal_basis = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    message = models.ForeignKey(
        "correspondence.Message", on_delete=models.PROTECT, null=True, related_name="+"
    )

    # Why its mail could not be written; it is not tried again until somebody mended it.
    unsent_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_late_charge_is_positive"),
            models.CheckConstraint(
                condition=~Q(document=F("invoice")), name="a_late_charge_is_a_document_of_its_own"
            ),
        ]
        indexes = [models.Index(fields=["invoice", "-id"], name="charge_of_invoice")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.invoice}"

    def get_absolute_url(self) -> str:
        return reverse("charges:detail", args=[self.pk])


class ChargePart(models.Model):
    """What of a charge is for one instalment, with the working that leads to it.

    `working` lists {start, end, days, principal, percent, amount} as strings; `correction` is what earlier
    charges of the same days came out too low or too high.
    """

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="parts")
    instalment = models.ForeignKey("invoices.Instalment", on_delete=models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=9, choices=Charge.Kind.choices)
    until = models.DateField()
    step = models.SmallIntegerField(null=True)
    amount = models.DecimalField(**AMOUNT)
    correction = models.DecimalField(**AMOUNT, default=0)
    working = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["instalment", "until"],
                condition=Q(kind="interest"),
                name="interest_is_charged_once_up_to_a_day",
            ),
            models.UniqueConstraint(
                fields=["instalment"],
                condition=Q(kind="fixed_sum"),
                name="a_fixed_sum_is_charged_once_per_instalment",
            ),
            models.UniqueConstraint(
                fields=["instalment", "kind", "step"],
                condition=Q(step__isnull=False),
                name="a_step_charges_once_per_instalment",
            ),
            models.CheckConstraint(
                condition=~Q(kind="fee") | Q(step__isnull=False), name="a_fee_belongs_to_a_reminder_step"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge_id} {self.amount}"
