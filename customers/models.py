"""Whom we bill: parties, contacts, tax ids and what they require of an invoice."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from customers.requirements import REQUIREMENT_KINDS

PERSON = settings.AUTH_USER_MODEL


class Segment(models.Model):
    """A group of customers that share settings and requirements."""

    name = models.CharField(max_length=60, unique=True)
    language = models.CharField(max_length=5, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    delivery_channel = models.CharField(max_length=12, blank=True, default="")
    payment_policy = models.ForeignKey(
        "policies.Policy", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """A party we bill. Empty settings are inherited from the segment, then from the selling entity."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        BLOCKED = "blocked", "Blocked for new invoices"
        INACTIVE = "inactive", "Inactive"

    class Kind(models.TextChoices):
        BUSINESS = "business", "Business"
        PUBLIC = "public", "Public authority"
        CONSUMER = "consumer", "Consumer"

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=160)
    legal_name = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BUSINESS)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    status_reason = models.CharField(max_length=200, blank=True, default="")
    # The selling entity that usually bills this customer: gives company-level defaults.
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="customers")
    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, null=True, blank=True, related_name="customers"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    owner = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="customers"
    )
    country = models.CharField(max_length=2)
    state_code = models.CharField(max_length=8, blank=True, default="")
    is_sez = models.BooleanField("special economic zone", default=False)
    language = models.CharField(max_length=5, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    delivery_channel = models.CharField(max_length=12, blank=True, default="")
    payment_policy = models.ForeignKey(
        "policies.Policy", on_delete=models.PROTECT, null=True, blank=True, related_name="customers"
    )
    terms_override = models.CharField(
        max_length=60, blank=True, default="", help_text="Payment terms agreed apart"
    )
    credit_limit = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    insolvent = models.BooleanField(default=False)
    since = models.DateField()
    notes = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    lock_version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = [Lower("name"), "id"]
        permissions = [
            ("edit_customer", "Can add and edit customers"),
            ("edit_requirement", "Can edit billing requirements"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(credit_limit__isnull=True) | Q(credit_limit__gte=0),
                name="a_credit_limit_is_not_negative",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="a_customer_is_not_its_own_parent"),
        ]
        indexes = [
            models.Index(Lower("name"), "id", name="customer_by_name"),
            GinIndex(fields=["name"], name="customer_name_trigram", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("customers:detail", args=[self.pk])


class Address(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="addresses")
    kind = models.CharField(
        max_length=10, choices=[("billing", "Billing"), ("delivery", "Delivery")], default="billing"
    )
    lines = models.JSONField(default=list)
    postal_code = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=80)
    state_code = models.CharField(max_length=8, blank=True, default="")
    country = models.CharField(max_length=2)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "addresses"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(kind="billing", is_active=True),
                name="a_customer_has_one_billing_address",
            )
        ]

    def __str__(self) -> str:
        return ", ".join([*self.lines, f"{self.postal_code} {self.city}".strip(), self.country])


class Contact(models.Model):
    """A person or inbox at the customer, with what we may write to them about."""

    class Purpose(models.TextChoices):
        BILLING = "billing", "Invoices"
        REMINDERS = "reminders", "Reminders"
        ESCALATION = "escalation", "Escalation"
        STATEMENTS = "statements", "Statements"
        PAYABLE = "payable", "Accounts payable"
        MAIN = "main", "Main contact"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    role = models.CharField(max_length=80, blank=True, default="")
    language = models.CharField(max_length=5, blank=True, default="")
    purposes = ArrayField(models.CharField(max_length=12, choices=Purpose.choices), default=list)
    is_active = models.BooleanField(default=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    # They asked not to be written to by mail; letters and calls stay possible.
    opted_out_at = models.DateTimeField(null=True, blank=True)
    # They agreed that we may note when a mail of ours is opened.
    opens_agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                F("customer"),
                Lower("email"),
                condition=~Q(email="") & Q(is_active=True),
                name="an_address_is_one_contact_of_a_customer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.email else self.name

    @property
    def no_mail(self) -> bool:
        """They asked for no mail."""
        return self.opted_out_at is not None

    @property
    def opens_agreed(self) -> bool:
        """They agreed that we note when a mail is opened."""
        return self.opens_agreed_at is not None


class TaxId(models.Model):
    """A tax number of the customer and what is known of its validity."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tax_ids")
    scheme = models.CharField(max_length=10, choices=[("VAT", "VAT id"), ("GSTIN", "GSTIN"), ("EIN", "EIN")])
    country = models.CharField(max_length=2)
    number = models.CharField(max_length=40)
    # The format is checked at save; whether the register knows it is a dated answer from outside.
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.CharField(
        max_length=80, blank=True, default="", help_text="Register and consultation number"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "scheme", "country"],
                condition=Q(is_active=True),
                name="a_customer_has_one_tax_id_per_scheme_and_country",
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.number}"


class BankDetail(models.Model):
    """Where refunds go. Set only through an approved change with a recorded call back."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="bank_details")
    holder = models.CharField(max_length=140)
    iban = models.CharField(max_length=34, blank=True, default="")
    bic = models.CharField(max_length=11, blank=True, default="")
    account_number = models.CharField(max_length=34, blank=True, default="")
    routing = models.CharField(max_length=34, blank=True, default="")
    is_active = models.BooleanField(default=True)
    since = models.DateTimeField()

    class Meta:
        ordering = ["-since"]
        permissions = [("view_bank_data", "Can see full bank data")]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_active=True), name="a_customer_has_one_active_bank_detail"
            )
        ]

    def __str__(self) -> str:
        return f"…{(self.iban or self.account_number)[-4:]}"


class ExemptionCertificate(models.Model):
    """Proof that a sale to the customer is not taxed in a state."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="exemption_certificates")
    country = models.CharField(max_length=2)
    state_code = models.CharField(max_length=8)
    number = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_to = models.DateField()

    class Meta:
        ordering = ["-valid_to"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="a_certificate_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return self.number


class BillingRequirement(models.Model):
    """A rule of the customer about our invoices, checked before issue.

    Its level is the most specific of customer, segment, entity that is set; all empty is everywhere.
    """

    class Severity(models.TextChoices):
        BLOCK = "block", "Blocks issue"
        WARN = "warn", "Warns"
        INFO = "info", "Informs"

    kind = models.CharField(max_length=30)
    severity = models.CharField(max_length=5, choices=Severity.choices, default=Severity.BLOCK)
    parameters = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True, default="")
    source = models.CharField(
        max_length=200, blank=True, default="", help_text="Letter, contract or mail it comes from"
    )
    entity = models.ForeignKey(
        "entities.Entity", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, null=True, blank=True, related_name="requirements"
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="requirements"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["kind", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_requirement_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=True, segment__isnull=True)
                | Q(customer__isnull=True, entity__isnull=True)
                | Q(segment__isnull=True, entity__isnull=True),
                name="a_requirement_has_one_level",
            ),
        ]

    def __str__(self) -> str:
        kind = REQUIREMENT_KINDS.get(self.kind)
        return kind.label if kind else self.kind


class RequirementAcknowledgement(models.Model):
    """A biller saw a requirement in one revision. A change asks again."""

    requirement = models.ForeignKey(
        BillingRequirement, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["requirement", "customer", "user", "revision"],
                name="a_requirement_is_acknowledged_once_per_revision",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} saw {self.requirement}"


class ChangeRequest(models.Model):
    """A change of bank data, terms or credit limit that waits for a second person and a call back."""

    class Subject(models.TextChoices):
        BANK = "bank", "Bank details"
        TERMS = "terms", "Payment terms"
        CREDIT_LIMIT = "credit_limit", "Credit limit"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        APPLIED = "applied", "Applied"
        REJECTED = "rejected", "Rejected"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="change_requests")
    subject = models.CharField(max_length=14, choices=Subject.choices)
    before = models.JSONField(default=dict)
    proposed = models.JSONField(default=dict)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    requested_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    called_back_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    called_back_at = models.DateTimeField(null=True, blank=True)
    called_person = models.CharField(max_length=120, blank=True, default="")
    called_number = models.CharField(max_length=40, blank=True, default="")
    decided_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        permissions = [
            ("request_change", "Can ask for a change of bank data, terms or limit"),
            ("approve_change", "Can approve such a change of somebody else"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "subject"],
                condition=Q(state="pending"),
                name="one_change_waits_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="nobody_approves_their_own_change",
            ),
            models.CheckConstraint(
                condition=~Q(state="applied") | (Q(called_back_at__isnull=False) & ~Q(called_person="")),
                name="an_applied_change_was_called_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_display()} of {self.customer}"
