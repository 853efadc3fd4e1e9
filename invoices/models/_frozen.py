"""What an issued document said, and the files made of it."""

from django.db import models
from django.db.models import Q

from invoices.models._invoice import Invoice


class Snapshot(models.Model):
    """What the document says, frozen at issue. Everything printed or sent is made from it."""

    invoice = models.OneToOneField(
        Invoice, on_delete=models.PROTECT, primary_key=True, related_name="snapshot"
    )
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.sha256[:12]


class Document(models.Model):
    """A file made from the snapshot, rendered once and stored with its hash."""

    class State(models.TextChoices):
        PENDING = "pending", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=10, default="pdf")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    stored_name = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size = models.PositiveIntegerField(default=0)
    rendered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["invoice", "kind"], name="a_document_is_rendered_once"),
            models.CheckConstraint(
                condition=~Q(state="ready") | (~Q(sha256="") & ~Q(stored_name="")),
                name="a_ready_document_is_stored_with_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.kind}"
