"""Statements of account: what was said, stored once with its hash; who gets one, and which are done."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from statements import rules

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class Statement(models.Model):
    """A customer's account with one company in one currency as of a day, as it was told. Never changed.

    The same account on the same day is the same row and file. Entries booked later for an earlier day make
    another row, with its own facts.
    """

    class Form(models.TextChoices):
        OPEN_ITEMS = rules.OPEN_ITEMS, "Open items"
        MOVEMENTS = rules.MOVEMENTS, "Movements"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="statements")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    form = models.CharField(max_length=10, choices=Form.choices)
    since = models.DateField()
    as_of = models.DateField()
    language = models.CharField(max_length=5)
    # Everything the paper says. The facts' hash leaves names and addresses out: they are as they were
    # when the account of the day was first told.
    content = models.JSONField()
    facts_sha256 = models.CharField(max_length=64)
    opening = models.DecimalField(**AMOUNT)
    closing = models.DecimalField(**AMOUNT)
    outstanding = models.DecimalField(**AMOUNT)
    overdue = models.DecimalField(**AMOUNT)
    credit = models.DecimalField(**AMOUNT)
    stored_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-as_of", "-id"]
        default_permissions = ("view",)
        permissions = [("send_statement", "Can make and send statements")]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "customer",
                    "entity",
                    "currency",
                    "form",
                    "since",
                    "as_of",
                    "language",
                    "facts_sha256",
                ],
                name="the_same_account_is_one_statement",
            ),
            models.CheckConstraint(
                condition=Q(since__lte=F("as_of")), name="a_statement_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(closing=F("outstanding") - F("credit")), name="a_statement_foots"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-as_of", "-id"], name="statement_of_customer"),
            models.Index(fields=["-as_of", "-id"], name="statement_by_day"),
        ]
        triggers = [
            pgtrigger.Protect(name="a_statement_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"Statement {self.as_of} {self.currency}"

    def get_absolute_url(self) -> str:
        return reverse("statements:detail", args=[self.pk])

    @property
    def file_name(self) -> str:
        """What the file is called for its reader."""
        return f"statement-{self.customer.number}-{self.entity.code}-{self.currency}-{self.as_of}.pdf"


class Schedule(models.Model):
    """How often statements go out by themselves: a customer's own, else the segment's. No row: never."""

    class Frequency(models.TextChoices):
        NONE = rules.NONE, "Never"
        MONTHLY = rules.MONTHLY, "Monthly"
        QUARTERLY = rules.QUARTERLY, "Quarterly"

    customer = models.OneToOneField(
        "customers.Customer", on_delete=models.PROTECT, null=True, related_name="statement_schedule"
    )
    segment = models.OneToOneField(
        "customers.Segment", on_delete=models.PROTECT, null=True, related_name="statement_schedule"
    )
    frequency = models.CharField(max_length=10, choices=Frequency.choices, blank=True, default=rules.NONE)
    form = models.CharField(max_length=10, choices=Statement.Form.choices, default=rules.MOVEMENTS)
    # The last day of the newest period that is done for all; what ended before the schedule is not told.
    done_until = models.DateField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=True, segment__isnull=False)
                | Q(customer__isnull=False, segment__isnull=True),
                name="a_schedule_has_one_level",
            )
        ]
        indexes = [
            models.Index(fields=["done_until"], name="schedule_waiting", condition=~Q(frequency=rules.NONE))
        ]

    def __str__(self) -> str:
        return f"{self.customer or self.segment} {self.frequency or 'never'}"


class Mailing(models.Model):
    """What became of one period of one account: sent, left out because nothing was on it, or stuck."""

    class State(models.TextChoices):
        SENT = "sent", "Sent"
        EMPTY = "empty", "Nothing to say"
        NOBODY = "nobody", "Nobody to write to"
        REFUSED = "refused", "Could not be made"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    since = models.DateField()
    until = models.DateField()
    form = models.CharField(max_length=10, choices=Statement.Form.choices, default=rules.MOVEMENTS)
    state = models.CharField(max_length=8, choices=State.choices)
    reason = models.CharField(max_length=300, blank=True, default="")
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, null=True, related_name="mailings")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "entity", "currency", "since", "until"],
                name="a_period_is_stated_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(statement__isnull=False),
                name="a_sent_period_has_its_statement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.since} to {self.until} {self.state}"
