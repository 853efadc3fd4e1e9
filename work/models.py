"""Who has to do or decide what: approvals, long jobs, work items."""

import pgtrigger
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
            models.Index(fields=["customer_key", "decided_at"], name="approval_of_customer"),
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


class WorkItem(models.Model):
    """One thing one person has to do: what, about what, by when, why, and why them.

    Somebody owns it, or it waits in the queue of a role. `key` names the reason it exists, so that the same
    reason never makes two open items.
    """

    class State(models.TextChoices):
        NEW = "new", "Waiting for an owner"
        ASSIGNED = "assigned", "Assigned"
        ACCEPTED = "accepted", "Accepted"
        IN_PROGRESS = "in_progress", "In progress"
        BLOCKED = "blocked", "Blocked"
        DONE = "done", "Done"
        RETURNED = "returned", "Returned"

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=160)
    subject_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    label = models.CharField(max_length=200)
    path = models.CharField(max_length=200, help_text="Page where the work is done")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, null=True, related_name="+")
    # A plain number, because customers live above work.
    customer_key = models.BigIntegerField(null=True, blank=True)
    why = models.CharField(max_length=300, help_text="Why it has to be done, in words")
    why_owner = models.CharField(max_length=200, blank=True, default="", help_text="Why this person")
    owner = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="work")
    # The absent colleague the owner stands in for.
    on_behalf_of = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    role = models.CharField(max_length=30, help_text="Whose work it is; its queue holds what nobody owns")
    due_at = models.DateTimeField(null=True, blank=True)
    value = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    blocked_by = models.CharField(max_length=300, blank=True, default="")
    declined = models.PositiveSmallIntegerField(default=0)
    opened_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True, blank=True)
    finished_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["due_at", "id"]
        permissions = [
            ("do_work", "Can see and do their own work"),
            ("assign_work", "Can see and hand over the work of others"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=~Q(state__in=["done", "returned"]),
                name="one_work_item_is_open_per_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "returned"])
                | Q(state="new", owner__isnull=True)
                | (~Q(state="new") & Q(owner__isnull=False) & Q(assigned_at__isnull=False)),
                name="open_work_has_one_owner_or_waits_in_a_queue",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "returned"], finished_at__isnull=False)
                | (~Q(state__in=["done", "returned"]) & Q(finished_at__isnull=True)),
                name="finished_work_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="blocked") | ~Q(blocked_by=""), name="blocked_work_says_by_what"
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | ~Q(currency=""), name="the_value_of_work_has_a_currency"
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_at", "id"],
                name="work_of_owner",
                condition=~Q(state__in=["done", "returned"]),
            ),
            models.Index(
                fields=["role", "due_at", "id"],
                name="work_of_role",
                condition=~Q(state__in=["done", "returned"]),
            ),
            models.Index(fields=["finished_at", "id"], name="work_finished"),
            models.Index(fields=["subject_type", "subject_id"], name="work_of_subject"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.RETURNED}


class HandOver(models.Model):
    """One change of owner of a work item. Written once, never changed."""

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="hand_overs")
    at = models.DateTimeField()
    from_person = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    to_person = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    to_role = models.CharField(max_length=30)
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        triggers = [
            pgtrigger.Protect(
                name="a_hand_over_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.reason}"
