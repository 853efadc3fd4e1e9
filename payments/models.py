"""Money received and given back."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class Payment(models.Model):
    """A receipt. `amount` is what the customer is credited with: bank amount + fee + tax withheld.

    Never edited: a mistake is reversed by `bounce_payment`, an allocation by its reversal.
    """

    class Method(models.TextChoices):
        BANK_TRANSFER = "bank_transfer", "Bank transfer"
        DIRECT_DEBIT = "direct_debit", "Direct debit"
        CARD = "card", "Card"
        UPI = "upi", "UPI"
        CHEQUE = "cheque", "Cheque"
        CASH = "cash", "Cash"

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        BOUNCED = "bounced", "Returned by the bank"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    # Empty while nobody knows who paid: the money then waits on account 1200.
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    method = models.CharField(max_length=14, choices=Method.choices, default=Method.BANK_TRANSFER)
    received_on = models.DateField()
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    fee = models.DecimalField(**AMOUNT, default=0)
    withheld = models.DecimalField("tax withheld at source", **AMOUNT, default=0)
    fx_rate = models.DecimalField(max_digits=20, decimal_places=10, default=1)
    functional_amount = models.DecimalField(**AMOUNT)
    payer_name = models.CharField(max_length=140, blank=True, default="")
    payer_account = models.CharField(max_length=34, blank=True, default="")
    reference = models.CharField(max_length=140, blank=True, default="")
    note = models.CharField(max_length=300, blank=True, default="")
    open_item = models.OneToOneField(
        "ledger.OpenItem", on_delete=models.PROTECT, null=True, related_name="payment"
    )
    # What makes the receipt unique outside (bank reference, import row): a repeat finds this row.
    external_key = models.CharField(max_length=120, null=True, unique=True)
    bounced_on = models.DateField(null=True, blank=True)
    bounce_reason = models.CharField(max_length=200, blank=True, default="")
    recorded_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_on", "-id"]
        permissions = [
            ("record_payment", "Can record receipts"),
            ("allocate_payment", "Can allocate and de-allocate"),
            ("refund_payment", "Can ask for refunds"),
            ("write_off", "Can propose write-offs"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_receipt_is_more_than_nothing"),
            models.CheckConstraint(
                condition=Q(fee__gte=0) & Q(withheld__gte=0) & Q(amount__gte=F("fee") + F("withheld")),
                name="fee_and_withheld_tax_are_part_of_the_receipt",
            ),
            models.CheckConstraint(
                condition=~Q(state="bounced") | Q(bounced_on__isnull=False),
                name="a_returned_payment_has_a_day",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=True) | Q(open_item__isnull=False),
                name="a_receipt_of_a_known_customer_is_an_open_item",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-received_on", "-id"],
                name="payment_by_day",
                include=["state", "entity", "currency", "amount", "functional_amount"],
            ),
            models.Index(fields=["customer", "-received_on", "-id"], name="payment_of_customer"),
            models.Index(
                fields=["-received_on", "-id"],
                name="payment_unidentified",
                condition=Q(state="received", customer__isnull=True),
            ),
            models.Index(
                fields=["-received_on", "-id"], name="payment_returned", condition=Q(state="bounced")
            ),
            models.Index(fields=["-amount", "-id"], name="payment_by_amount"),
            GinIndex(fields=["reference"], name="payment_reference_trigram", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:detail", args=[self.pk])

    @property
    def use(self) -> tuple[str, str]:
        """What became of the money, in a word and the kind of its pill; one answer for pages and exports."""
        if self.state == self.State.BOUNCED:
            return "Returned", "bad"
        if self.customer_id is None or self.open_item is None:
            return "Unidentified", "warn"
        left = self.open_item.open_amount
        if left == self.amount:
            return "Unallocated", "warn"
        return ("Part allocated", "info") if left else ("Allocated", "ok")

    @property
    def number(self) -> str:
        return f"PAY-{self.pk:06d}"


class Refund(models.Model):
    """Money given back to the customer who paid, after a second person agreed."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for approval"
        PAID = "paid", "Approved"
        REJECTED = "rejected", "Rejected"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="refunds")
    credit = models.ForeignKey("ledger.OpenItem", on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(**AMOUNT)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    # When it was approved and booked; the money leaves by the bank's file, by the gateway, or by hand.
    paid_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)
    left_by = models.CharField(max_length=60, blank=True, default="")
    requested_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_has_an_amount"),
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | Q(state="paid"), name="only_an_approved_refund_leaves"
            ),
        ]
        indexes = [
            models.Index(
                fields=["paid_on", "id"],
                name="refund_to_pay",
                condition=Q(state="paid", left_on__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"Refund {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("payments:refund_detail", args=[self.pk])


class WriteOff(models.Model):
    """A receivable given up, after approval. A later payment is booked as recovery."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for approval"
        BOOKED = "booked", "Booked"
        REJECTED = "rejected", "Rejected"
        RECOVERED = "recovered", "Recovered"

    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="write_offs")
    amount = models.DecimalField(**AMOUNT)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    booked_on = models.DateField(null=True, blank=True)
    requested_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_write_off_has_an_amount"),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(state="pending"), name="one_write_off_waits_per_invoice"
            ),
        ]

    def __str__(self) -> str:
        return f"Write-off {self.pk}"
