"""What a contact asked to change on their page and has not confirmed yet."""

from django.db import models
from django.db.models import Q


class EmailChange(models.Model):
    """A new e-mail address of a contact. It holds once a link sent to it was opened and confirmed."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits to be confirmed"
        CONFIRMED = "confirmed", "Confirmed"
        DROPPED = "dropped", "Given up"

    contact = models.ForeignKey("customers.Contact", on_delete=models.PROTECT, related_name="email_changes")
    before = models.EmailField(blank=True)
    email = models.EmailField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(state="waiting"),
                name="a_contact_waits_for_one_new_address",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
                name="a_decided_address_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.state}"
