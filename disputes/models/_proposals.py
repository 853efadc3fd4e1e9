"""How a dispute is to end, and what it teaches for the next invoice."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from disputes.models._dispute import AMOUNT, CAUSE_CHOICES, Dispute, Outcome

PERSON = settings.AUTH_USER_MODEL


class Proposal(models.Model):
    """What the owner proposes; a second person decides. The documents it makes are named here."""

    class State(models.TextChoices):
        PENDING = "pending", "Waits for a decision"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Sent back"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="proposals")
    outcome = models.CharField(max_length=15, choices=Outcome.choices)
    root_cause = models.CharField(max_length=20, choices=CAUSE_CHOICES)
    answer = models.TextField(help_text="What the customer is told")
    evidence = models.TextField(blank=True, default="", help_text="What proves it, for the customer")
    amount = models.DecimalField(**AMOUNT, default=0, help_text="What is given up, with tax")
    amount_functional = models.DecimalField(**AMOUNT, default=0)
    credit_note = models.OneToOneField(
        "invoices.Invoice", on_delete=models.PROTECT, null=True, related_name="+"
    )
    new_invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, null=True, related_name="+")
    write_off = models.OneToOneField(
        "payments.WriteOff", on_delete=models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    proposed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    why_not = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(state="pending"), name="one_proposal_waits_per_dispute"
            ),
            models.CheckConstraint(condition=~Q(answer=""), name="a_proposal_has_an_answer"),
            models.CheckConstraint(
                condition=~Q(outcome="reject") | ~Q(evidence=""), name="a_rejection_has_evidence"
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["credit_note", "rebill", "goodwill"])
                | Q(credit_note__isnull=False),
                name="a_credit_has_its_document",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute} {self.get_outcome_display()}"

    def get_absolute_url(self) -> str:
        return self.dispute.get_absolute_url()


class Prevention(models.Model):
    """A requirement an upheld dispute proposes, so that the same is not disputed twice."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        ACCEPTED = "accepted", "In force"
        DECLINED = "declined", "Not taken"

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="prevention")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    words = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    requirement = models.ForeignKey(
        "customers.BillingRequirement", on_delete=models.PROTECT, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(requirement__isnull=False),
                name="an_accepted_prevention_names_its_requirement",
            )
        ]

    def __str__(self) -> str:
        return f"{self.dispute} {self.kind}"

    def get_absolute_url(self) -> str:
        return self.dispute.get_absolute_url()
