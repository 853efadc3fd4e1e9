"""Invoices paid on a gateway's page, its events, what cardholders' banks take back, and what we give back.

No card number, name or code is ever here, nor any event's body: only ids of the gateway, amounts and states.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}
HANDLE = 43


class Checkout(models.Model):
    """One hosted page for one invoice. Its row is there before the gateway is asked."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", "Outcome unknown"
        OPEN = "open", "Page open"
        PROCESSING = "processing", "On its way"
        PAID = "paid", "Paid"
        EXPIRED = "expired", "Not paid"
        FAILED = "failed", "Failed"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="checkouts")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="checkouts")
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="checkouts")
    # The customer's page it was begun on: where they come back to.
    link = models.ForeignKey(
        "correspondence.PublicLink", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    gateway = models.CharField(max_length=10)
    # What the gateway knows it by, and the key under which it acts once.
    handle = models.CharField(max_length=HANDLE, unique=True)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    # The day that earns the discount for paying early, where `amount` is what suffices on it.
    discount_on = models.DateField(null=True)
    email = models.CharField(max_length=254, blank=True, default="")
    language = models.CharField(max_length=5, default="en")
    state = models.CharField(max_length=10, choices=State.choices, default=State.UNKNOWN)
    gateway_id = models.CharField(max_length=255, null=True, unique=True)
    intent_id = models.CharField(max_length=255, null=True, unique=True)
    page_url = models.CharField(max_length=2000, blank=True, default="")
    page_until = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True, default="")
    fee = models.DecimalField(**AMOUNT, null=True)
    fee_currency = models.CharField(max_length=3, blank=True, default="")
    payment = models.OneToOneField(
        "payments.Payment", on_delete=models.PROTECT, null=True, related_name="checkout"
    )
    begun_at = models.DateTimeField()
    # When the gateway was last asked, answered or not.
    asked_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_checkout_asks_for_something"),
            models.CheckConstraint(
                condition=Q(state="paid", payment__isnull=False) | ~Q(state="paid") & Q(payment__isnull=True),
                name="a_paid_checkout_is_a_receipt",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(state__in=["unknown", "open", "processing"]),
                name="one_payment_page_is_open_per_invoice",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "expired", "failed"]) | Q(settled_at__isnull=False),
                name="a_settled_checkout_says_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_at", "id"],
                name="checkout_to_ask",
                condition=Q(state__in=["unknown", "open", "processing"]),
            ),
            models.Index(fields=["entity", "-id"], name="checkout_of_entity"),
        ]

    def __str__(self) -> str:
        return f"Online payment {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("checkout:detail", args=[self.pk])

    @property
    def kind(self) -> str:
        """The colour of its pill."""
        return {"paid": "ok", "unknown": "warn", "processing": "info", "open": "info", "failed": "bad"}.get(
            self.state, ""
        )


class Event(models.Model):
    """That the gateway told us something. What it said is asked for, not believed, so it is not kept."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=80)
    about = models.CharField(max_length=255)
    made_at = models.DateTimeField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entity", "event_id"], name="a_gateway_event_is_taken_once")
        ]
        indexes = [
            models.Index(
                fields=["received_at"], name="gateway_event_to_handle", condition=Q(handled_at__isnull=True)
            ),
            models.Index(fields=["entity", "-id"], name="gateway_event_of_entity"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class Dispute(models.Model):
    """A cardholder's bank asks its money back. `taken_at`: it is gone, and the receipt is returned."""

    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="disputes")
    gateway_id = models.CharField(max_length=255, unique=True)
    amount = models.DecimalField(**AMOUNT)
    state = models.CharField(max_length=40)
    reason = models.CharField(max_length=80, blank=True, default="")
    opened_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    given_back = models.OneToOneField(
        "payments.Payment", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="a_card_dispute_has_an_amount")]

    def __str__(self) -> str:
        return f"Dispute {self.gateway_id}"

    @property
    def words(self) -> str:
        """The gateway's word for how it stands, readable."""
        return self.state.replace("_", " ")


class Repayment(models.Model):
    """An approved refund of a card receipt, sent back to the card by the gateway, once."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", "Outcome unknown"
        PENDING = "pending", "On its way"
        DONE = "done", "Given back"
        FAILED = "failed", "Failed"

    refund = models.OneToOneField("payments.Refund", on_delete=models.PROTECT, related_name="repayment")
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="repayments")
    handle = models.CharField(max_length=HANDLE, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.UNKNOWN)
    gateway_id = models.CharField(max_length=255, null=True, unique=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    begun_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["done", "failed"]) | Q(settled_at__isnull=False),
                name="a_settled_repayment_says_when",
            )
        ]

    def __str__(self) -> str:
        return f"Repayment of {self.refund_id}"


class DemoPage(models.Model):
    """What the gateway of the demo knows: no money, no cards, and nobody outside."""

    handle = models.CharField(max_length=HANDLE, unique=True)
    label = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    state = models.CharField(max_length=10, default="open")
    back_to = models.CharField(max_length=500)
    until = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    repaid = models.DecimalField(**AMOUNT, default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Demo page {self.pk}"
