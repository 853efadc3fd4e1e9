"""The selling companies: legal data, tax registrations, bank accounts, number series."""

from datetime import time

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Entity(models.Model):
    """A company that sells and issues documents in its own name."""

    class TaxRounding(models.TextChoices):
        GROUP = "group", "Per tax group (EN 16931)"
        LINE = "line", "Per line and component (India)"

    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=200)
    address_lines = models.JSONField(default=list)
    postal_code = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    state_code = models.CharField(max_length=8, blank=True, default="")
    email = models.EmailField()
    phone = models.CharField(max_length=40, blank=True, default="")
    website = models.URLField(blank=True, default="")
    registration_text = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=5, default="en")
    time_zone = models.CharField(max_length=40)
    functional_currency = models.CharField(max_length=3)
    fiscal_year_start_month = models.PositiveSmallIntegerField(default=1)
    tax_rounding = models.CharField(max_length=5, choices=TaxRounding.choices, default=TaxRounding.GROUP)
    discount_adjusts_tax = models.BooleanField(default=True)
    bad_debt_relief = models.BooleanField(default=True)
    holiday_region = models.CharField(
        max_length=12, blank=True, default="", help_text="Like DE-BY, IN, US-CA"
    )
    # Office hours on working days, in the company's time zone: the clock of answers runs in them.
    opens = models.TimeField(default=time(9))
    closes = models.TimeField(default=time(17))
    colour = models.CharField(max_length=7, default="#4f46e5")
    logo = models.FileField(upload_to="logos/", blank=True)
    delivery_channel = models.CharField(max_length=12, default="email")
    is_demo = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    lock_version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "entities"
        ordering = ["name"]
        permissions = [("manage_entities", "Can set up selling entities, series and bank accounts")]
        constraints = [
            models.CheckConstraint(
                condition=Q(fiscal_year_start_month__range=(1, 12)), name="a_fiscal_year_starts_in_a_month"
            ),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")), name="an_office_closes_after_it_opens"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TeamHours(models.Model):
    """Office hours of a team that works elsewhere or at other times than the company.

    A row is never changed: new hours end it and make another, so that a deadline given by it is found again.
    """

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="team_hours")
    team = models.CharField(max_length=30, help_text="Code of the role its people have")
    time_zone = models.CharField(max_length=40)
    holiday_region = models.CharField(max_length=12, help_text="Like IE, DE-BY, US-CA")
    opens = models.TimeField()
    closes = models.TimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "team hours"
        default_permissions = ()
        ordering = ["entity", "team", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="a_team_closes_after_it_opens"),
            models.UniqueConstraint(
                fields=["entity", "team"],
                condition=Q(is_current=True),
                name="a_team_keeps_one_set_of_hours_in_a_company",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="team_hours_stay", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="team_hours_only_end",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NOT (OLD.is_current AND NOT NEW.is_current AND "
                    "ROW(NEW.entity_id, NEW.team, NEW.time_zone, NEW.holiday_region, NEW.opens, NEW.closes)"
                    " IS NOT DISTINCT FROM "
                    "ROW(OLD.entity_id, OLD.team, OLD.time_zone, OLD.holiday_region, OLD.opens, OLD.closes))"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M} – {self.closes:%H:%M} {self.time_zone}"


class Access(models.Model):
    """A person restricted to some entities. Nobody listed here sees all of them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="entity_access")
    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="access")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "entity"], name="access_is_given_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.entity}"


class TaxRegistration(models.Model):
    """A tax number of the entity, valid over a range of days."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="tax_registrations")
    scheme = models.CharField(
        max_length=10,
        # LUT: the letter of undertaking that lets an Indian company export without paying tax first.
        choices=[("VAT", "VAT id"), ("GSTIN", "GSTIN"), ("EIN", "EIN"), ("LUT", "Letter of undertaking")],
    )
    country = models.CharField(max_length=2)
    state_code = models.CharField(max_length=8, blank=True, default="")
    number = models.CharField(max_length=40)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_tax_registration_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.number}"


class BankAccount(models.Model):
    """Where customers pay. Changed only by two persons; the old row stays, inactive."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="bank_accounts")
    currency = models.CharField(max_length=3)
    holder = models.CharField(max_length=140)
    bank_name = models.CharField(max_length=120)
    iban = models.CharField(max_length=34, blank=True, default="")
    bic = models.CharField(max_length=11, blank=True, default="")
    account_number = models.CharField(max_length=34, blank=True, default="")
    routing = models.CharField(max_length=34, blank=True, default="", help_text="IFSC, ABA or sort code")
    upi_id = models.CharField(max_length=80, blank=True, default="")
    is_active = models.BooleanField(default=True)
    since = models.DateField()

    class Meta:
        ordering = ["entity", "currency"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(iban="") | ~Q(account_number=""), name="a_bank_account_has_a_number"
            ),
            models.UniqueConstraint(
                fields=["entity", "currency"],
                condition=Q(is_active=True),
                name="an_entity_has_one_active_account_per_currency",
            ),
        ]

    def __str__(self) -> str:
        tail = (self.iban or self.account_number)[-4:]
        return f"{self.bank_name} …{tail} {self.currency}"


class BankChange(models.Model):
    """New bank details of an entity, waiting for a second person who checked them with the bank."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        APPLIED = "applied", "Applied"
        REJECTED = "rejected", "Rejected"

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="bank_changes")
    currency = models.CharField(max_length=3)
    # The fields of BankAccount that a person enters, as text.
    proposed = models.JSONField(default=dict)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    checked_with = models.CharField(max_length=200, blank=True, default="", help_text="Who at the bank, how")
    decision_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        default_permissions = ()
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "currency"],
                condition=Q(state="pending"),
                name="one_bank_change_waits_per_entity_and_currency",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="nobody_approves_their_own_bank_change",
            ),
            models.CheckConstraint(
                condition=Q(state="pending") | (Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
                name="a_decided_bank_change_names_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="applied") | ~Q(checked_with=""),
                name="an_applied_bank_change_was_checked_with_the_bank",
            ),
        ]

    def __str__(self) -> str:
        return f"Bank account of {self.entity} for {self.currency}"


class Series(models.Model):
    """The counter of one kind of document in one fiscal year. Its row lock makes numbers gapless."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="series")
    document_type = models.CharField(max_length=12)
    code = models.CharField(max_length=12, default="main")
    fiscal_year = models.CharField(max_length=7)
    pattern = models.CharField(max_length=40, help_text="Like INV-{FY}-{N:05}")
    first_number = models.PositiveIntegerField(default=1)
    next_number = models.PositiveIntegerField(default=1)
    last_issued_on = models.DateField(null=True, blank=True)
    # A legacy series holds imported documents that keep their own numbers; gaps are not checked there.
    is_legacy = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "series"
        ordering = ["entity", "document_type", "-fiscal_year", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "document_type", "code", "fiscal_year"],
                name="one_counter_per_entity_type_series_and_year",
            ),
            models.CheckConstraint(
                condition=Q(next_number__gte=F("first_number")), name="a_counter_never_runs_back"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} {self.document_type} {self.code} {self.fiscal_year}"


class ExchangeRate(models.Model):
    """Functional units for one unit of the document currency, as published on a day."""

    currency = models.CharField(max_length=3)
    functional = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    source = models.CharField(max_length=40)

    class Meta:
        ordering = ["-on", "currency"]
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "functional", "on"], name="one_rate_per_pair_and_day"
            ),
            models.CheckConstraint(condition=Q(rate__gt=0), name="a_rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency}/{self.functional} {self.rate} on {self.on}"
