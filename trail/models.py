"""The append-only record of every act, and the outbox that announces it."""

import pgtrigger
from auditlog.models import AbstractLogEntry
from django.conf import settings
from django.db import models


class Entry(AbstractLogEntry):
    """One act: who did what to which object, when, in which request.

    It is django-auditlog's own log entry with the business fact added, so field diffs and facts
    are one table and one timeline. `additional_data` carries the payload of a fact.
    The parent's single-column indexes are dropped: every write pays for them and no page asks them.
    """

    id = models.BigAutoField(primary_key=True)
    fact = models.CharField(max_length=60, blank=True, default="")
    object_pk = models.CharField(max_length=255)
    object_id = models.BigIntegerField(blank=True, null=True)
    action = models.PositiveSmallIntegerField(choices=AbstractLogEntry.Action.choices)
    cid = models.CharField(max_length=255, blank=True, null=True)
    content_type = models.ForeignKey(
        "contenttypes.ContentType", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        blank=True,
        null=True,
        related_name="+",
        db_index=False,
    )
    # The customer whose timeline shows the act; a plain number because customers live above the trail.
    customer_key = models.BigIntegerField(blank=True, null=True)

    class Meta(AbstractLogEntry.Meta):
        abstract = False
        verbose_name = "trail entry"
        verbose_name_plural = "trail entries"
        ordering = ["-id"]
        permissions = [("view_trail", "Can read the audit trail")]
        indexes = [
            models.Index(fields=["content_type", "object_id", "-id"], name="trail_entry_of_object"),
            models.Index(
                fields=["customer_key", "-id"],
                name="trail_entry_of_customer",
                condition=models.Q(customer_key__isnull=False),
            ),
            models.Index(
                fields=["cid"], name="trail_entry_of_request", condition=models.Q(cid__isnull=False)
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="trail_entry_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="trail_entry_is_not_truncated",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'trail_entry_is_not_truncated';",
            ),
        ]


class Announcement(models.Model):
    """A fact that still has to reach a subscriber: the transactional outbox.

    Written in the transaction of its entry and only for facts somebody subscribed to.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="announcements")
    task = models.CharField(max_length=120)
    queued_at = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entry", "task"], name="a_fact_is_announced_once_per_task")
        ]
        indexes = [
            models.Index(
                fields=["id"], name="announcement_waiting", condition=models.Q(handed_over_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} -> {self.task}"
