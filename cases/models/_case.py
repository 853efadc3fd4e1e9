"""The case of an overdue account: its stage, who has it, what is next, what was said."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class Action(models.TextChoices):
    """What is done next about an account."""

    CALL = "call", "Call"
    WRITE = "write", "Write"
    CHECK_PROMISE = "check_promise", "Check the promise"
    CHECK_PLAN = "check_plan", "Check the plan"
    APPLY_CASH = "apply_cash", "Apply the money received"
    SETTLE_DISPUTE = "settle_dispute", "Settle the dispute"
    FIND_CONTACT = "find_contact", "Find a contact"
    DECIDE = "decide", "Decide: plan, agency, legal or write-off"
    FOLLOW_AGENCY = "follow_agency", "Ask the agency or lawyer"
    WAIT = "wait", "Wait"


class Case(models.Model):
    """Collection of what one customer owes one company and is late with.

    The figures are in the company's functional currency, kept by `refresh_cases` from the open items so that
    the worklist is ranked without reading them; a page about one case reads the items themselves.
    """

    class Stage(models.TextChoices):
        WATCH = "watch", "Watch"
        REMINDED = "reminded", "Reminded"
        CALLED = "called", "Called"
        PROMISED = "promised", "Promised"
        PLAN = "plan", "On a plan"
        FORMAL = "formal", "Formal notice"
        AGENCY = "agency", "With an agency"
        LEGAL = "legal", "With lawyers"
        CLOSED = "closed", "Closed"

    class Stop(models.TextChoices):
        NONE = "", "None"
        INSOLVENCY = "insolvency", "Insolvent"
        DECEASED = "deceased", "Deceased"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="cases", db_index=False
    )
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.WATCH)
    level = models.PositiveSmallIntegerField(
        default=0, help_text="0 collector, 1 lead, 2 controller, 3 hand-over"
    )
    owner = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Whose customer it is all along; the owner is who answers for it now, a lead after an escalation.
    collector = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=200, blank=True, default="")

    # What is next. An open case always has it.
    next_action = models.CharField(max_length=14, choices=Action.choices, null=True, blank=True)
    next_on = models.DateField(null=True, blank=True)
    next_note = models.CharField(max_length=300, blank=True, default="")
    snoozed_until = models.DateField(null=True, blank=True)
    put_off_because = models.CharField(max_length=300, blank=True, default="")
    last_worked_at = models.DateTimeField()
    last_contact_at = models.DateTimeField(null=True, blank=True)

    # What to know before speaking.
    hardship = models.BooleanField(default=False)
    hardship_note = models.CharField(max_length=300, blank=True, default="")
    stop = models.CharField(max_length=10, choices=Stop.choices, blank=True, default=Stop.NONE)
    stop_note = models.CharField(max_length=300, blank=True, default="")

    # Kept figures: overdue by age without what is disputed, in functional currency.
    overdue_30 = models.DecimalField(**AMOUNT, default=0)
    overdue_60 = models.DecimalField(**AMOUNT, default=0)
    overdue_90 = models.DecimalField(**AMOUNT, default=0)
    overdue_old = models.DecimalField(**AMOUNT, default=0)
    held = models.DecimalField(**AMOUNT, default=0)
    unapplied = models.DecimalField(**AMOUNT, default=0)
    items = models.PositiveIntegerField(default=0)
    oldest_due_on = models.DateField(null=True, blank=True)
    # In the customer's currency when it is one, for the eye.
    shown_currency = models.CharField(max_length=3, blank=True, default="")
    shown_amount = models.DecimalField(**AMOUNT, default=0)
    broken_promises = models.PositiveSmallIntegerField(default=0)
    usual_delay = models.SmallIntegerField(null=True, blank=True)
    value_at_risk = models.DecimalField(**AMOUNT, default=0)
    rank_value = models.DecimalField(
        **AMOUNT, default=0, help_text="The value at risk in one currency for all companies"
    )

    class Meta:
        ordering = ["-rank_value", "id"]
        default_permissions = ()
        permissions = [
            ("view_case", "Can see collection work"),
            ("work_case", "Can call, note, promise and plan on overdue accounts"),
            ("offer_plan", "Can offer payment plans"),
            ("hand_over", "Can ask to hand accounts to an agency or lawyers"),
            ("delegate_case", "Can give collection work to others"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "entity"],
                condition=Q(closed_at__isnull=True),
                name="one_open_case_per_customer_and_company",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False)
                | (Q(next_action__isnull=False) & Q(next_on__isnull=False)),
                name="an_open_case_has_a_next_action",
            ),
            models.CheckConstraint(
                condition=Q(stage="closed", closed_at__isnull=False)
                | (~Q(stage="closed") & Q(closed_at__isnull=True)),
                name="a_closed_case_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until__isnull=True) | ~Q(put_off_because=""),
                name="a_snooze_has_a_reason",
            ),
            models.CheckConstraint(condition=Q(level__lte=3), name="a_case_climbs_three_levels"),
        ]
        indexes = [
            models.Index(
                fields=["-rank_value", "id"],
                name="case_by_risk",
                condition=Q(closed_at__isnull=True),
                include=["owner", "entity", "next_on"],
            ),
            models.Index(
                fields=["owner", "-rank_value", "id"],
                name="case_of_owner_by_risk",
                condition=Q(closed_at__isnull=True),
            ),
            models.Index(fields=["customer", "-id"], name="case_of_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.customer}"

    def get_absolute_url(self) -> str:
        return reverse("cases:detail", args=[self.pk])

    @property
    def overdue(self) -> Any:
        """Everything late that may be asked for, in functional currency."""
        return self.overdue_30 + self.overdue_60 + self.overdue_90 + self.overdue_old


class Escalation(models.Model):
    """A case went one level up: why, to whom, and for whom that person stands in."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    level = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    to = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    deputy_of = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["case", "level"], name="a_case_reaches_a_level_once"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=3), name="there_are_three_levels_up"),
        ]

    def __str__(self) -> str:
        return f"{self.case} level {self.level}"


class Call(models.Model):
    """What was said with the customer, and what follows. Never edited: a correction is a new row."""

    class Channel(models.TextChoices):
        PHONE = "phone", "Phone"
        EMAIL = "email", "E-mail"
        LETTER = "letter", "Letter"
        MEETING = "meeting", "Meeting"

    class Outcome(models.TextChoices):
        REACHED = "reached", "Reached, no commitment"
        PROMISED = "promised", "Promised to pay"
        PAID = "paid", "Says it is paid"
        DISPUTES = "disputes", "Disputes the amount"
        HARDSHIP = "hardship", "Cannot pay now"
        REFUSED = "refused", "Refuses to pay"
        VOICEMAIL = "voicemail", "Voicemail"
        NO_ANSWER = "no_answer", "No answer"
        WRONG_NUMBER = "wrong_number", "Wrong number or left the company"
        CALL_BACK = "call_back", "Asked to call back"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="calls")
    channel = models.CharField(max_length=7, choices=Channel.choices, default=Channel.PHONE)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    contact = models.ForeignKey(
        "customers.Contact", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True, default="")
    is_private = models.BooleanField(default=False, help_text="Stays here when the case is handed over")
    next_action = models.CharField(max_length=14, choices=Action.choices)
    next_on = models.DateField()
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.at:%Y-%m-%d}: {self.get_outcome_display()}"
