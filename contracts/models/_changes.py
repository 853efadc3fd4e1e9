"""Changes of active contracts that wait for a second person, and what became of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

PERSON = settings.AUTH_USER_MODEL


class ContractChange(models.Model):
    """What somebody wants to change: another plan, days of rest, their end, or the contract's."""

    class Kind(models.TextChoices):
        PLAN = "plan", "Another plan"
        SUSPEND = "suspend", "Days of rest"
        RESUME = "resume", "End of the rest"
        END = "end", "End of the contract"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for approval"
        APPLIED = "applied", "In force"
        REJECTED = "rejected", "Rejected"

    contract = models.ForeignKey("contracts.Contract", on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    item = models.ForeignKey(
        "contracts.ContractItem", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    given = models.JSONField(default=dict)
    summary = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(state="waiting"),
                name="one_change_of_a_contract_waits",
            ),
            models.CheckConstraint(
                condition=Q(kind="plan", item__isnull=False) | ~Q(kind="plan"),
                name="a_change_of_plan_names_its_item",
            ),
        ]

    def __str__(self) -> str:
        return self.summary
