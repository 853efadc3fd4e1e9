"""Who has to do or decide what: approvals and long jobs."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

PERSON = settings.AUTH_USER_MODEL


class Approval(models.Model):
    """A question to a second person about one state of one object.

    `snapshot_hash` names the state that was asked about; the asking operation compares it before it
    acts, so an edit after the answer makes the answer worthless.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        VOID = "void", "Void"

    kind = models.CharField(max_length=30)
    subject_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(max_length=200)
    subject_path = models.CharField(max_length=200, help_text="Page that shows the subject")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, null=True, related_name="+")
    # The customer as a plain number, to add up what one person approved for one customer on one day.
    customer_key = models.BigIntegerField(null=True)
    amount_functional = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    snapshot = models.JSONField(default=dict)
    snapshot_hash = models.CharField(max_length=64)
    # What is unusual and must be confirmed one by one: [{"key", "label", "value", "before", "why"}].
    flags = models.JSONField(default=list)
    confirmed = models.JSONField(default=list)
    needed_role = models.CharField(max_length=30)
    # Whoever wrote or last edited the subject: they never decide, whatever their authority.
    barred = models.JSONField(default=list)
    requested_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="approvals_requested"
    )
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    automatic = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["-requested_at", "-id"]
        permissions = [("decide_approval", "Can approve within own limit")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "kind"],
                condition=Q(state="pending"),
                name="one_question_is_open_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(automatic=True) | Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="nobody_approves_their_own_request",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "void"])
                | (Q(decided_at__isnull=False) & (Q(decided_by__isnull=False) | Q(automatic=True))),
                name="a_decision_has_a_time_and_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "needed_role", "requested_at"], name="approval_waiting"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="approval_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_label}"


class Job(models.Model):
    """Long work with a page: progress, failures by row, cancel and retry. Survives its worker."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=160)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    arguments = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=list, help_text="[{row, field, message, mend}], the first 1,000")
    result = models.JSONField(default=dict)
    cancel_asked = models.BooleanField(default=False)
    requested_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="jobs")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done__lte=F("total")), name="a_job_does_no_more_than_its_total"
            )
        ]

    def __str__(self) -> str:
        return self.title
