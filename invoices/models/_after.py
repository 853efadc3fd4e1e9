"""What is agreed about an issued document: later due dates, amounts held back, what a lawyer sees first."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from invoices.models._invoice import AMOUNT, Invoice
from invoices.models._parts import Instalment, Line

PERSON = settings.AUTH_USER_MODEL


class DueDateMove(models.Model):
    """A later due day agreed for an instalment of an issued document, which itself stays as it is.

    The open item carries the day that holds; reminders, pages and interest follow it.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for approval"
        MOVED = "moved", "Agreed"
        REJECTED = "rejected", "Rejected"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="due_date_moves")
    instalment = models.ForeignKey(Instalment, on_delete=models.PROTECT, related_name="moves")
    from_on = models.DateField()
    to_on = models.DateField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    requested_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gt=F("from_on")), name="a_due_day_moves_later"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_moved_due_day_has_a_reason"),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(state="pending"), name="one_move_waits_per_invoice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} due {self.to_on:%-d %B %Y}"

    def get_absolute_url(self) -> str:
        return reverse("invoices:due_date", args=[self.pk])


class Hold(models.Model):
    """Part of an invoice that is not asked for: by line and amount, with a reason and an end."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="holds")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, null=True, blank=True, related_name="holds")
    kind = models.CharField(
        max_length=10, default="manual", choices=[("manual", "Manual"), ("dispute", "Dispute")]
    )
    amount = models.DecimalField(**AMOUNT)
    reason = models.CharField(max_length=300)
    until = models.DateField(null=True, blank=True)
    placed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    placed_at = models.DateTimeField()
    released_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_hold_has_an_amount"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_hold_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.amount}"


class AdviceWanted(models.Model):
    """Before so much of an invoice is written off or goes to court, a legal adviser is asked.

    Whoever wants it names it by a key, says where the advice is noted, and ends it then.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="advice_wanted")
    key = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=40, help_text="What it is about, as people call it")
    amount = models.DecimalField(**AMOUNT)
    wanted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="advice_is_wanted_on_an_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.label}"
