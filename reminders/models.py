"""What was decided about reminding each open item, what was sent, and what pauses it.

An invoice has one open item per instalment; each is reminded by its own due day. Amounts are at the exponent
of `currency`; steps are days from the due day, negative before it.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.module_loading import import_string

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class Pause(models.Model):
    """Why a customer, or some invoices of theirs, are not reminded: with a reason and, best, an end."""

    class Kind(models.TextChoices):
        MANUAL = "manual", "Paused by hand"
        PROMISE = "promise", "Promise to pay"
        PLAN = "plan", "Payment plan"
        INSOLVENCY = "insolvency", "Insolvency"
        AGENCY = "agency", "With an agency"
        DECEASED = "deceased", "Deceased"

    # Names what pauses, so that asking twice pauses once and the end is found: "promise:17".
    key = models.CharField(max_length=80, unique=True)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="pauses")
    # None of them: everything of the customer.
    invoices = models.ManyToManyField("invoices.Invoice", related_name="pauses", blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.CharField(max_length=300)
    from_on = models.DateField()
    until = models.DateField(null=True, blank=True)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions = [
            ("view_reminder", "Can see what reminders were decided and sent"),
            ("pause_reminder", "Can pause the reminders of a customer or invoice"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_pause_has_a_reason"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("from_on")),
                name="a_pause_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="pause_of_customer"),
            models.Index(fields=["customer"], name="pause_running", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.customer}: {self.get_kind_display().lower()}"


class Ladder(models.Model):
    """A ladder agreed apart for a customer or a segment, over a range of days. No steps: never reminded."""

    segment = models.ForeignKey(
        "customers.Segment", on_delete=models.PROTECT, null=True, blank=True, related_name="ladders"
    )
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, blank=True, related_name="ladders"
    )
    # The steps as a payment policy stores them, in order of their day.
    steps = models.JSONField(default=list)
    reason = models.CharField(max_length=300)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    set_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["-valid_from", "-id"]
        default_permissions = ()
        permissions = [("edit_ladder", "Can agree a ladder apart for a customer or segment")]
        constraints = [
            models.CheckConstraint(
                condition=Q(segment__isnull=True) ^ Q(customer__isnull=True),
                name="a_ladder_is_for_one_segment_or_customer",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_ladder_has_a_reason"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_ladder_ends_after_it_begins",
            ),
            # A later one takes over from its first day; two cannot begin on the same day.
            models.UniqueConstraint(
                fields=["customer", "valid_from"], name="one_ladder_of_a_customer_begins_on_a_day"
            ),
            models.UniqueConstraint(
                fields=["segment", "valid_from"], name="one_ladder_of_a_segment_begins_on_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"Ladder of {self.customer or self.segment}"


class Round(models.Model):
    """The daily look at everything one company is owed: when it began and ended, and how it counted."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    began_at = models.DateTimeField()
    # The last time the day's items had all been looked at; later items are added by later ticks.
    ended_at = models.DateTimeField(null=True)
    # {rule: number of items}
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-on", "entity"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["entity", "on"], name="one_round_per_company_and_day")]

    def __str__(self) -> str:
        return f"{self.entity} {self.on}"


class Decision(models.Model):
    """What holds for one open item from `first_on` to `last_on`, by which rule.

    A day on which nothing changes lengthens the newest row of its month; so each day of an open item is
    covered by one row, and a quiet month costs one.
    """

    class Outcome(models.TextChoices):
        SEND = "send", "Remind"
        SKIP = "skip", "Held back"
        WAIT = "wait", "Nothing due"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey("ledger.OpenItem", on_delete=models.PROTECT, related_name="+", db_index=False)
    first_on = models.DateField()
    last_on = models.DateField()
    outcome = models.CharField(max_length=4, choices=Outcome.choices)
    rule = models.CharField(max_length=20)
    step = models.SmallIntegerField(null=True)
    tone = models.PositiveSmallIntegerField(null=True)
    next_step = models.SmallIntegerField(null=True)
    next_on = models.DateField(null=True)
    asked = models.DecimalField(**AMOUNT)
    currency = models.CharField(max_length=3)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-first_on", "-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["item", "first_on"], name="an_item_is_decided_once_a_day"),
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")), name="a_decision_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="send") | Q(step__isnull=False, last_on=F("first_on")),
                name="a_reminder_is_decided_for_one_step_and_day",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-first_on", "-id"], name="decision_of_customer"),
            models.Index(fields=["entity", "first_on", "rule"], name="decision_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.first_on} {self.outcome} {self.rule}"


class Digest(models.Model):
    """One message to a customer on a day about everything whose step is due, in the tone of the highest."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="digests")
    on = models.DateField()
    tone = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=10)
    situation = models.CharField(max_length=40)
    written_at = models.DateTimeField()
    # A digest stopped before it left makes room for another on the same day.
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "customer", "on"],
                condition=Q(stopped_at__isnull=True),
                name="a_customer_is_reminded_once_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"Reminder to {self.customer} on {self.on}"

    def mail_stop(self, now: datetime) -> str:
        """Why the message must not leave any more; "" when all it asks for is still asked for."""
        # The outbox asks the row it is about; the answer locks what is asked for, and lies above.
        reason: str = import_string("reminders.operations.reason_to_stop")(self, now)
        return reason


class Reminder(models.Model):
    """One step for one open item: meant, written, sent or not. The row is the claim: never a second."""

    class State(models.TextChoices):
        MEANT = "meant", "To be sent"
        WRITTEN = "written", "Being sent"
        SENT = "sent", "Sent"
        DONE = "done", "Handed to a colleague"
        DROPPED = "dropped", "Not sent"
        BLOCKED = "blocked", "Nobody to write to"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="reminders")
    item = models.ForeignKey("ledger.OpenItem", on_delete=models.PROTECT, related_name="+", db_index=False)
    step = models.SmallIntegerField()
    on = models.DateField()
    tone = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=10)
    situation = models.CharField(max_length=40)
    recipients = ArrayField(models.CharField(max_length=20), default=list)
    # What the step charges once it was sent: a fee in the policy's currency, or the fixed sum of the law,
    # and late interest up to its day; and why it was not charged.
    fee = models.DecimalField(**AMOUNT, default=0)
    statutory = models.BooleanField(default=False)
    interest = models.BooleanField(default=False)
    uncharged = models.CharField(max_length=300, blank=True, default="")
    asked = models.DecimalField(**AMOUNT)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=State.choices, default=State.MEANT)
    # The rule that stopped it after it was decided.
    rule = models.CharField(max_length=20, blank=True, default="")
    digest = models.ForeignKey(Digest, on_delete=models.PROTECT, null=True, related_name="reminders")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-on", "-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["item", "step"], name="a_step_is_sent_once_per_item"),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "done"]) | Q(sent_at__isnull=False),
                name="a_sent_reminder_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["written", "sent"]) | Q(digest__isnull=False),
                name="a_written_reminder_is_in_a_message",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-on"], name="reminder_of_customer"),
            models.Index(fields=["entity", "on", "step"], name="reminder_by_day"),
            models.Index(
                fields=["entity", "on", "customer"], name="reminder_meant", condition=Q(state="meant")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} step {self.step}"
