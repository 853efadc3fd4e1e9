"""Which months of a company's book are closed."""

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

PERSON = settings.AUTH_USER_MODEL


class Period(models.Model):
    """A month somebody closed. A closed month closes all before it: the book is closed up to its end.

    A month without a row was never closed. What each state means for a posting is said once, by the
    trigger `a_closed_period_takes_no_postings`, and told kindly by `ledger.periods`. The history of closing
    and reopening is on the trail; this row is how it stands.
    """

    class State(models.TextChoices):
        SOFT = "soft", "Nearly closed"
        CLOSED = "closed", "Closed"
        OPEN = "open", "Reopened"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="Its first day")
    state = models.CharField(max_length=6, choices=State.choices)
    closed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", db_index=False)
    closed_at = models.DateTimeField()
    # Why it was closed although points of the checklist were open.
    reason = models.CharField(max_length=300, blank=True, default="")
    reopened_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reopened_at = models.DateTimeField(null=True)
    reopen_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-month"]
        default_permissions = ()
        permissions = [
            ("close_period", "Can close a month of the book"),
            ("reopen_period", "Can reopen a month somebody else closed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["entity", "month"], name="a_month_of_a_company_is_one_period"),
            models.CheckConstraint(condition=Q(month__day=1), name="a_period_begins_with_its_month"),
            models.CheckConstraint(
                condition=~Q(state="open")
                | (Q(reopened_by__isnull=False, reopened_at__isnull=False) & ~Q(reopen_reason="")),
                name="a_reopened_period_names_who_when_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | ~Q(reopened_by=F("closed_by")),
                name="nobody_reopens_what_they_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"

    @property
    def ends_on(self) -> date:
        return (self.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
