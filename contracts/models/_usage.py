"""What was used, event by event."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q


class UsageEvent(models.Model):
    """A quantity used at an instant. Never changed: a mistake is corrected by an event of the other sign.

    `key` names the event at its source, so that sending it again adds nothing. `on` is its day at the
    selling company: the period it belongs to.
    """

    contract = models.ForeignKey("contracts.Contract", on_delete=models.PROTECT, related_name="usage")
    item = models.ForeignKey(
        "contracts.ContractItem", on_delete=models.PROTECT, related_name="usage", db_index=False
    )
    key = models.CharField(max_length=80)
    happened_at = models.DateTimeField()
    on = models.DateField()
    quantity = models.DecimalField(max_digits=19, decimal_places=6)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="a_usage_event_counts_once"),
            models.CheckConstraint(condition=~Q(quantity=0), name="a_usage_event_has_a_quantity"),
        ]
        indexes = [
            models.Index(
                fields=["item", "on"], name="usage_of_item_by_day", include=["quantity", "received_at"]
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="a_usage_event_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.quantity}"
