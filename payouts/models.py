"""Payment files: which approved refunds a company asks its bank to pay, and what became of them."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class PaymentFile(models.Model):
    """Refunds paid from one account of ours. The file is made once, when a second person approves."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for approval"
        READY = "ready", "Ready for the bank"
        EXECUTED = "executed", "Paid by the bank"
        REJECTED = "rejected", "Rejected"
        REFUSED = "refused", "Refused by the bank"

    account = models.ForeignKey(
        "entities.BankAccount", on_delete=models.PROTECT, related_name="payment_files"
    )
    message_id = models.CharField(max_length=35, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    execute_on = models.DateField()
    count = models.PositiveIntegerField()
    total = models.DecimalField(**AMOUNT)
    content = models.BinaryField(default=b"")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField(null=True)
    executed_on = models.DateField(null=True)
    planned_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gt=0, count__gt=0), name="a_payment_file_pays_something"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "rejected"], sha256="", made_at__isnull=True)
                | Q(state__in=["ready", "executed", "refused"], made_at__isnull=False) & ~Q(sha256=""),
                name="a_payment_file_is_made_when_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state="executed") | Q(executed_on__isnull=False),
                name="an_executed_payment_file_says_when",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="a_made_payment_file_is_frozen",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]
                    "content", "sha256", "message_id", "total", "count"
                ),
                condition=pgtrigger.Q(old__made_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.message_id

    def get_absolute_url(self) -> str:
        return reverse("payouts:detail", args=[self.pk])

    @property
    def kind(self) -> str:
        """The colour of its pill."""
        return {"waiting": "warn", "ready": "info", "executed": "ok", "refused": "bad"}.get(self.state, "")


class Transfer(models.Model):
    """One refund in a file: to whom, as it stood when the file was planned."""

    file = models.ForeignKey(PaymentFile, on_delete=models.PROTECT, related_name="transfers")
    refund = models.ForeignKey("payments.Refund", on_delete=models.PROTECT, related_name="transfers")
    end_to_end = models.CharField(max_length=35, unique=True)
    amount = models.DecimalField(**AMOUNT)
    name = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True, default="")
    text = models.CharField(max_length=140)
    # The file was rejected or refused: the refund may go into another one.
    is_dropped = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["refund"], condition=Q(is_dropped=False), name="a_refund_is_in_one_payment_file"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_transfer_has_an_amount"),
        ]

    def __str__(self) -> str:
        return self.end_to_end
