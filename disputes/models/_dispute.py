"""A dispute and what of the invoice it is about."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from disputes import rules

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}
OVER = Q(state__in=sorted(rules.OVER))
REASON_CHOICES = [(code, reason.name) for code, reason in rules.REASONS.items()]
CAUSE_CHOICES = list(rules.CAUSES.items())


class Channel(models.TextChoices):
    PORTAL = "portal", "Customer page"
    STAFF = "staff", "Told to a colleague"
    API = "api", "Another system"
    BANK = "bank", "Paid short"


class Outcome(models.TextChoices):
    CREDIT = rules.CREDIT, "Credit note"
    REBILL = rules.REBILL, "Credit and bill again"
    REJECT = rules.REJECT, "Rejected"
    GOODWILL = rules.GOODWILL, "Goodwill"
    WRITE_OFF = rules.WRITE_OFF, "Small amount written off"
    GIVEN_UP = rules.GIVEN_UP, "Withdrawn"


class Dispute(models.Model):
    """Amounts of one invoice a customer does not accept. Exactly they are held; the rest stays due.

    `amount` is the sum of the parts with tax, in the invoice's currency. `escalate_at` is the next moment the
    matrix asks for a higher level: derived, and written by whatever changes what it follows from.
    """

    class State(models.TextChoices):
        RAISED = rules.RAISED, "New"
        ACKNOWLEDGED = rules.ACKNOWLEDGED, "Acknowledged"
        INVESTIGATING = rules.INVESTIGATING, "With us"
        WAITING = rules.WAITING, "Waiting for the customer"
        PROPOSED = rules.PROPOSED, "To decide"
        RESOLVED = rules.RESOLVED, "Resolved"
        WITHDRAWN = rules.WITHDRAWN, "Withdrawn"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="disputes")
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="disputes")
    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, null=True, related_name="+")
    thread = models.ForeignKey("conversations.Thread", on_delete=models.PROTECT, null=True, related_name="+")
    hours = models.ForeignKey(
        "entities.TeamHours",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Of the team whose clocks run; none: the company's",
    )
    playbook = models.ForeignKey("disputes.Playbook", on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=6, choices=Channel.choices)
    external_id = models.CharField(max_length=250, blank=True, default="")
    raised_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=3, choices=REASON_CHOICES)
    detail = models.TextField(help_text="What the customer says is wrong")
    is_in_time = models.BooleanField(default=True, help_text="Within the window of the payment policy")

    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    amount_functional = models.DecimalField(**AMOUNT)
    track = models.CharField(max_length=8, default=rules.STANDARD)

    state = models.CharField(max_length=16, choices=State.choices, default=State.RAISED)
    level = models.PositiveSmallIntegerField(default=1)
    round = models.PositiveSmallIntegerField(default=1)
    owner = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="disputes")
    raised_at = models.DateTimeField()
    begun_at = models.DateTimeField(help_text="When this round began: raised, or reopened")
    changed_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    first_answered_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    customer_due_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    escalate_to = models.PositiveSmallIntegerField(null=True)

    outcome = models.CharField(max_length=15, choices=Outcome.choices, blank=True, default="")
    root_cause = models.CharField(max_length=20, choices=CAUSE_CHOICES, blank=True, default="")
    recap = models.TextField(blank=True, default="", help_text="What the customer was answered")
    credited = models.DecimalField(**AMOUNT, default=0)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    reopened_at = models.DateTimeField(null=True)
    was_reopened = models.BooleanField(
        default=False, help_text="The customer said once that it is not solved"
    )

    # The record of the consultation itself lives with compliance; here stands that there was one.
    consulted_at = models.DateTimeField(null=True)
    consulted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    consultation = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-raised_at", "-id"]
        permissions = [
            ("raise_dispute", "Can note that a customer disputes an amount"),
            ("work_dispute", "Can investigate disputes and propose how they end"),
            ("edit_matrix", "Can change when disputes go up, and their limits"),
            ("edit_playbook", "Can publish playbooks for disputes"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_dispute_has_an_amount"),
            models.CheckConstraint(condition=~Q(detail=""), name="a_dispute_says_what_is_wrong"),
            models.CheckConstraint(
                condition=Q(level__gte=1) & Q(level__lte=rules.TOP),
                name="a_dispute_has_a_level_of_the_matrix",
            ),
            models.CheckConstraint(
                condition=(OVER & Q(closed_at__isnull=False)) | (~OVER & Q(closed_at__isnull=True)),
                name="a_closed_dispute_says_when",
            ),
            models.CheckConstraint(
                condition=~OVER | (~Q(outcome="") & ~Q(root_cause="") & ~Q(recap="")),
                name="a_closed_dispute_has_outcome_cause_and_recap",
            ),
            models.CheckConstraint(
                condition=(Q(state="waiting_customer") & Q(customer_due_at__isnull=False))
                | (~Q(state="waiting_customer") & Q(customer_due_at__isnull=True)),
                name="only_a_waiting_dispute_has_a_day_of_the_customer",
            ),
            models.CheckConstraint(
                condition=Q(escalate_at__isnull=True, escalate_to__isnull=True)
                | (
                    Q(escalate_at__isnull=False, escalate_to__isnull=False)
                    & ~OVER
                    & ~Q(state="waiting_customer")
                ),
                name="only_a_running_dispute_goes_up",
            ),
            models.CheckConstraint(
                condition=Q(consulted_at__isnull=True) | ~Q(consultation=""),
                name="a_consultation_says_what_was_advised",
            ),
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="a_dispute_is_taken_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-raised_at", "-id"], name="dispute_by_day"),
            models.Index(fields=["customer", "-raised_at"], name="dispute_of_customer"),
            models.Index(fields=["owner", "state"], name="dispute_open_of_owner", condition=~OVER),
            models.Index(
                fields=["escalate_at", "id"],
                name="dispute_going_up",
                condition=Q(escalate_at__isnull=False),
            ),
            models.Index(
                fields=["customer_due_at"],
                name="dispute_waiting",
                condition=Q(customer_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("disputes:detail", args=[self.pk])

    @property
    def reference(self) -> str:
        """What people call it, in mails too."""
        return f"D-{self.pk:05d}" if self.pk else "D-new"

    @property
    def is_over(self) -> bool:
        return self.state in rules.OVER


class Part(models.Model):
    """So much of one line, or of the whole invoice, with its tax; and the hold on exactly that amount."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="parts")
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey("invoices.Line", on_delete=models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(**AMOUNT)
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    category = models.CharField(max_length=2, blank=True, default="")
    rate = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    hold = models.OneToOneField("invoices.Hold", on_delete=models.PROTECT, null=True, related_name="+")
    is_open = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_disputed_part_has_an_amount"),
            models.CheckConstraint(
                condition=Q(amount=F("net") + F("tax")), name="net_and_tax_make_the_disputed_amount"
            ),
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(is_open=True, line__isnull=False),
                name="one_open_dispute_per_line",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(is_open=True, line__isnull=True),
                name="one_open_dispute_of_the_invoice_as_a_whole",
            ),
            models.UniqueConstraint(fields=["dispute", "line"], name="a_line_stands_once_in_a_dispute"),
        ]

    def __str__(self) -> str:
        return f"{self.line or self.invoice} {self.amount}"
