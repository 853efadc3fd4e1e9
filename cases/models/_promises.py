"""What a customer promised to pay, and by when."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from cases.models._case import AMOUNT, PERSON


class Promise(models.Model):
    """The customer says how much comes by when. While it stands, nobody reminds of the invoices in it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for approval"
        OPEN = "open", "Open"
        KEPT = "kept", "Kept"
        PARTLY_KEPT = "partly_kept", "Partly kept"
        BROKEN = "broken", "Broken"
        REFUSED = "refused", "Not accepted"
        WITHDRAWN = "withdrawn", "Withdrawn"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="promises")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=11, choices=State.choices, default=State.OPEN)
    amount = models.DecimalField(**AMOUNT)
    currency = models.CharField(max_length=3)
    promised_on = models.DateField()
    # Money may arrive until the end of this day.
    evaluate_after = models.DateField()
    made_on = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=10)
    contact = models.ForeignKey(
        "customers.Contact", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True, default="")
    received = models.DecimalField(**AMOUNT, default=0)
    judged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_promise_has_an_amount"),
            models.CheckConstraint(
                condition=Q(promised_on__gte=F("made_on")) & Q(evaluate_after__gte=F("promised_on")),
                name="a_promise_looks_ahead",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "open", "withdrawn", "refused"])
                | Q(judged_at__isnull=False),
                name="a_judged_promise_has_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["evaluate_after", "id"], name="promise_open_by_day", condition=Q(state="open")
            ),
            models.Index(fields=["customer", "-id"], name="promise_of_customer"),
            models.Index(fields=["state", "-promised_on", "-id"], name="promise_by_state"),
        ]

    def __str__(self) -> str:
        return f"Promise {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("cases:promise", args=[self.pk])


class PromisedInvoice(models.Model):
    """An invoice a promise covers; `is_live` while the promise waits or is open."""

    promise = models.ForeignKey(Promise, on_delete=models.CASCADE, related_name="covers")
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="promised")
    is_live = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["promise", "invoice"], name="a_promise_names_an_invoice_once"),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(is_live=True), name="one_live_promise_per_invoice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promise_id} {self.invoice_id}"
