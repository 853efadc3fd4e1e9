"""Who is told of what: rules, what was told, notices to read, watched records, notices of change."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from trail.naming import fact_name

PERSON = settings.AUTH_USER_MODEL
ABOUT = "contenttypes.ContentType"


class Rule(models.Model):
    """One line of the protocol: of which fact who hears, how, how soon, in which words.

    A change is a new version; the version before is kept as it was.
    """

    class Audience(models.TextChoices):
        CUSTOMER = "customer", "The customer"
        OWNER = "owner", "Whoever is in charge"
        ROLES = "roles", "Roles"
        NOBODY = "nobody", "Nobody"

    class Unit(models.TextChoices):
        MINUTES = "minutes", "minutes"
        HOURS = "hours", "business hours"

    code = models.SlugField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    fact = models.CharField(max_length=60)
    audience = models.CharField(max_length=8, choices=Audience.choices)
    roles = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    within = models.PositiveIntegerField(default=15)
    unit = models.CharField(max_length=7, choices=Unit.choices, default=Unit.MINUTES)
    situation = models.CharField(max_length=40, blank=True, default="")
    words = models.CharField(max_length=160, blank=True, default="", help_text="The notice in the app")
    must_read = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True, default="")
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["fact", "code", "-version"]
        permissions = [("edit_protocol", "Can decide who is told of what")]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="a_rule_version_has_its_own_number"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(is_current=True), name="one_version_of_a_rule_holds"
            ),
            models.CheckConstraint(
                condition=~Q(audience="customer") | ~Q(situation=""), name="a_customer_is_told_in_a_situation"
            ),
            models.CheckConstraint(
                condition=~Q(audience="roles") | ~Q(roles=[]), name="a_rule_for_roles_names_one"
            ),
            models.CheckConstraint(
                condition=~Q(audience="nobody") | ~Q(reason=""), name="telling_nobody_has_a_reason"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="a_rule_is_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="a_rule_version_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["is_current"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{fact_name(self.fact)} → {self.get_audience_display()}"


class Telling(models.Model):
    """One recipient of one act under one rule: told once, whatever happens to workers.

    `recipient` is "customer:12", "person:3", or "nobody" where there was nobody to tell.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Not told yet"
        TOLD = "told", "Told"
        SKIPPED = "skipped", "Did not apply"
        UNREACHED = "unreached", "Nobody to reach"

    entry = models.ForeignKey("trail.Entry", on_delete=models.PROTECT, related_name="+", db_index=False)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="tellings")
    recipient = models.CharField(max_length=40)
    customer_key = models.BigIntegerField(null=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    happened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True, default="")
    message = models.ForeignKey(
        "correspondence.Message", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # A deadline that was missed makes work once.
    breach_noted = models.BooleanField(default=False)
    # What may be told once only, like the welcome kit of a customer; empty for everything else.
    once = models.CharField(max_length=80, null=True, unique=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "rule", "recipient"], name="nobody_is_told_twice_of_one_act"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(told_at__isnull=False), name="what_was_told_says_when"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="telling_waiting", condition=Q(state="waiting")),
            models.Index(
                fields=["-due_at", "-id"],
                name="telling_late",
                condition=Q(state="waiting") | Q(told_at__gt=F("due_at")),
            ),
            models.Index(
                fields=["due_at"],
                name="telling_late_and_new",
                condition=Q(breach_noted=False) & (Q(state="waiting") | Q(told_at__gt=F("due_at"))),
            ),
            models.Index(fields=["rule", "-id"], name="telling_of_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} → {self.recipient}"


class Notice(models.Model):
    """What one person is told in the app: one notice of an act, however many lines name them."""

    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="notices")
    entry = models.ForeignKey("trail.Entry", on_delete=models.PROTECT, related_name="+", db_index=False)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, null=True, related_name="notices")
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=300, blank=True, default="")
    path = models.CharField(max_length=200, blank=True, default="")
    # What changed: [[what, before, after], ...].
    diff = models.JSONField(default=list)
    must_read = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("read_notice", "Can read and confirm their own notices"),
            ("view_readers", "Can see who has not read a notice"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["person", "entry"], name="a_person_has_one_notice_of_an_act"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(read_at__isnull=False),
                name="what_is_acknowledged_was_read",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="notice_of_person"),
            models.Index(fields=["person"], name="notice_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["entry"], name="notice_of_entry", condition=Q(must_read=True)),
        ]

    def __str__(self) -> str:
        return self.title


class Watch(models.Model):
    """Somebody wants to hear of each act on a record."""

    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="watches")
    subject_type = models.ForeignKey(ABOUT, on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    label = models.CharField(max_length=200)
    path = models.CharField(max_length=200)
    # Acts up to this entry of the trail are history and not told.
    after_entry = models.BigIntegerField(default=0)
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "watches"
        default_permissions = ()
        ordering = ["label", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "subject_type", "subject_id"], name="a_record_is_watched_once_by_a_person"
            )
        ]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="watch_of_record")]

    def __str__(self) -> str:
        return self.label


class Reading(models.Model):
    """How far a reader of the trail has come."""

    name = models.CharField(max_length=30, unique=True)
    entry = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.entry}"


class ChangeNotice(models.Model):
    """News for many customers: who gets it, from when it holds, in which words, and who agreed to send it."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        WAITING = "waiting", "Waiting for approval"
        APPROVED = "approved", "Being sent"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Dropped"

    class Situation(models.TextChoices):
        POLICY = "policy_changed", "Payment terms change"
        BANK = "bank_details_changed", "Our bank details change"

    title = models.CharField(max_length=160)
    situation = models.CharField(max_length=40, choices=Situation.choices)
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey("policies.Policy", on_delete=models.PROTECT, null=True, related_name="+")
    # What the texts say: changes in plain words, or the end of the new account.
    changes = models.TextField(blank=True, default="")
    account_end = models.CharField(max_length=8, blank=True, default="")
    effective_on = models.DateField()
    segment = models.ForeignKey("customers.Segment", on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    # The act that made it necessary; each makes at most one.
    cause = models.OneToOneField("trail.Entry", on_delete=models.PROTECT, null=True, related_name="+")
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    approver = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    job = models.OneToOneField("work.Job", on_delete=models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("edit_change_notice", "Can write and submit notices of change"),
            ("send_change_notice", "Can approve notices of change of others"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | Q(author__isnull=True) | ~Q(approver=F("author")),
                name="nobody_approves_their_own_notice",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sent"])
                | (Q(approver__isnull=False) & Q(approved_at__isnull=False)),
                name="a_notice_is_sent_after_approval",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notices:change", args=[self.pk])


class ChangeRecipient(models.Model):
    """One customer of a notice of change: written to once, or not reached and why."""

    class State(models.TextChoices):
        QUEUED = "queued", "Written to"
        UNREACHED = "unreached", "Not reached"

    notice = models.ForeignKey(ChangeNotice, on_delete=models.PROTECT, related_name="recipients")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices)
    reason = models.CharField(max_length=300, blank=True, default="")
    message = models.ForeignKey(
        "correspondence.Message", on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "customer"], name="a_customer_gets_a_notice_of_change_once"
            ),
            models.CheckConstraint(
                condition=Q(state="queued", message__isnull=False) | (Q(state="unreached") & ~Q(reason="")),
                name="who_was_not_reached_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.state}"
