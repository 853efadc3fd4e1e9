"""Bank statements as the bank sent them, their lines, and what we learned about who pays from where."""

from decimal import Decimal
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from banking.matching import AUTOMATIC
from banking.reading import FORMATS
from core.cells import ORDERS

PERSON = settings.AUTH_USER_MODEL
SUREST = 150
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class StatementFile(models.Model):
    """A file as it came, byte for byte. Never changed; the same bytes are the same file."""

    name = models.CharField(max_length=200)
    format = models.CharField(max_length=5, choices=list(FORMATS.items()))
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    brought_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    brought_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        triggers = [
            pgtrigger.Protect(name="a_bank_file_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.name


class Statement(models.Model):
    """What one file says of one account and period.

    `moved` is the sum of all its lines, `known` of them were here from another file and are not kept twice.
    """

    class Proof(models.TextChoices):
        PROVEN = "proven", "Balances agree"
        UNSTATED = "unstated", "Bank states no two balances"
        ACCEPTED = "accepted", "Accepted in spite of a difference"

    file = models.ForeignKey(StatementFile, on_delete=models.PROTECT, related_name="statements")
    account = models.ForeignKey(
        "entities.BankAccount", on_delete=models.PROTECT, related_name="bank_statements"
    )
    number = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3)
    since = models.DateField()
    until = models.DateField()
    opening = models.DecimalField(**AMOUNT, null=True)
    moved = models.DecimalField(**AMOUNT)
    closing = models.DecimalField(**AMOUNT, null=True)
    # Opening less the closing of the statement before it; not zero where a statement is missing between.
    gap = models.DecimalField(**AMOUNT, default=0)
    proof = models.CharField(max_length=8, choices=Proof.choices)
    accepted_because = models.CharField(max_length=300, blank=True, default="")
    lines_read = models.PositiveIntegerField()
    known = models.PositiveIntegerField(default=0)
    imported_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["-until", "-id"]
        default_permissions = ()
        permissions = [
            ("view_bank_statement", "Can see bank statements"),
            ("import_bank_statement", "Can import bank statements and book their lines"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="a_bank_statement_is_in_order"),
            models.CheckConstraint(
                condition=~Q(proof="proven") | Q(closing=F("opening") + F("moved")),
                name="a_proven_bank_statement_foots",
            ),
            models.CheckConstraint(
                condition=~Q(proof="accepted") | ~Q(accepted_because=""),
                name="a_difference_is_accepted_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(known__lte=F("lines_read")), name="known_lines_are_lines_of_the_statement"
            ),
        ]
        indexes = [models.Index(fields=["account", "-until", "-id"], name="bank_statement_of_account")]

    def __str__(self) -> str:
        return f"{self.account} {self.since:%d.%m.%Y} – {self.until:%d.%m.%Y}"

    def get_absolute_url(self) -> str:
        return reverse("banking:detail", args=[self.pk])


class Line(models.Model):
    """One movement. What the bank said of it never changes; `state` says what we did with it.

    Money that came becomes a receipt (`payment`); money that went out is set aside with the reason, or is the
    return of a receipt (`returned`).
    """

    class State(models.TextChoices):
        NEW = "new", "Waits for you"
        DOUBTFUL = "doubtful", "Perhaps recorded before"
        BOOKED = "booked", "Booked"
        RETURN = "return", "Return of a receipt"
        PAYOUT = "payout", "Refunds paid out"
        ASIDE = "aside", "Set aside"

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey("entities.BankAccount", on_delete=models.PROTECT, related_name="bank_lines")
    place = models.PositiveIntegerField()
    key = models.CharField(max_length=50)
    booked_on = models.DateField()
    valued_on = models.DateField(null=True)
    amount = models.DecimalField(**AMOUNT)
    currency = models.CharField(max_length=3)
    text = models.CharField(max_length=1000, blank=True, default="")
    party_name = models.CharField(max_length=140, blank=True, default="")
    party_account = models.CharField(max_length=40, blank=True, default="")
    bank_reference = models.CharField(max_length=80, blank=True, default="")
    end_to_end = models.CharField(max_length=80, blank=True, default="")
    creditor_reference = models.CharField(max_length=80, blank=True, default="")
    is_return = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=300, blank=True, default="")
    # What matching found when it last looked, the best first: {customer, parts, fee, withheld, terms, score}.
    matches = models.JSONField(default=list)
    payment = models.OneToOneField(
        "payments.Payment", on_delete=models.PROTECT, null=True, related_name="bank_line"
    )
    returned = models.ForeignKey(
        "payments.Payment", on_delete=models.PROTECT, null=True, related_name="bank_returns"
    )
    # What a debit paid: a payment file as one sum, or one refund.
    paid_file = models.OneToOneField(
        "payouts.PaymentFile", on_delete=models.PROTECT, null=True, related_name="bank_line"
    )
    refund = models.OneToOneField(
        "payments.Refund", on_delete=models.PROTECT, null=True, related_name="bank_line"
    )
    decided_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["statement", "place"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="a_bank_line_is_imported_once"),
            models.CheckConstraint(
                condition=~Q(state="booked") | Q(payment__isnull=False),
                name="a_booked_bank_line_is_a_receipt",
            ),
            models.CheckConstraint(
                condition=~Q(state="return") | Q(returned__isnull=False), name="a_return_names_its_receipt"
            ),
            models.CheckConstraint(
                condition=~Q(state="payout") | Q(paid_file__isnull=False) | Q(refund__isnull=False),
                name="a_payout_names_what_it_paid",
            ),
            models.CheckConstraint(
                condition=~Q(state="aside") | ~Q(reason=""), name="a_bank_line_is_set_aside_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["statement", "place"], name="bank_line_of_statement"),
            models.Index(
                fields=["account", "booked_on"],
                name="bank_line_to_do",
                condition=Q(state__in=["new", "doubtful"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on:%d.%m.%Y} {self.amount} {self.currency}"


class Matching(models.Model):
    """How sure a match must be at a company to be booked without asking, and what a bank may keep."""

    entity = models.OneToOneField("entities.Entity", on_delete=models.CASCADE, related_name="matching")
    automatic = models.PositiveSmallIntegerField(default=AUTOMATIC)
    most_fee = models.DecimalField(**AMOUNT, default=Decimal(0))

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(automatic__range=(AUTOMATIC, SUREST)), name="a_match_is_never_booked_on_a_guess"
            ),
            models.CheckConstraint(condition=Q(most_fee__gte=0), name="a_bank_keeps_no_less_than_nothing"),
        ]

    def __str__(self) -> str:
        return f"Matching of {self.entity}"


class Layout(models.Model):
    """How the bank of one account writes its CSV: said once, used for every later file."""

    account = models.OneToOneField(
        "entities.BankAccount", on_delete=models.CASCADE, related_name="csv_layout"
    )
    columns = models.JSONField(help_text="Field of a line -> heading in the file")
    day_order = models.CharField(max_length=3, choices=list(ORDERS.items()))
    decimal = models.CharField(max_length=1, choices=[(".", "1,234.50"), (",", "1.234,50")])
    saved_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"CSV of {self.account}"


class Payer(models.Model):
    """An account or a name a customer pays from, learned when a person said whose receipt it was."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="payers")
    account = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=140, blank=True, default="")
    times = models.PositiveIntegerField(default=1)
    learned_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "customer", "account", "name"], name="a_payer_is_learned_once"
            ),
            models.CheckConstraint(
                condition=~Q(account="", name=""),
                name="a_payer_has_an_account_or_a_name",
            ),
        ]
        indexes = [
            models.Index(fields=["entity", "account"], name="payer_by_account"),
            models.Index(fields=["entity", "name"], name="payer_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.account}"


class Remittance(models.Model):
    """A payer's list of what a payment is for, as it came. The same bytes again are the same list."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="remittances")
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    headings = models.JSONField(default=list)
    # Field -> heading, and the decimal mark: used again for the next file with the same headings.
    columns = models.JSONField(default=dict)
    decimal = models.CharField(max_length=1, blank=True, default="")
    brought_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    brought_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entity", "sha256"], name="a_remittance_is_imported_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("banking:remittance", args=[self.pk])


class RemittanceLine(models.Model):
    """One invoice of an announced payment. `paid_by` is the bank line that was it."""

    remittance = models.ForeignKey(Remittance, on_delete=models.PROTECT, related_name="lines")
    place = models.PositiveIntegerField()
    payment = models.CharField(max_length=80, blank=True, default="")
    number = models.CharField(max_length=60)
    item = models.ForeignKey("ledger.OpenItem", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(**AMOUNT)
    deduction = models.DecimalField(**AMOUNT, default=0)
    reason = models.CharField(max_length=200, blank=True, default="")
    paid_by = models.ForeignKey(Line, on_delete=models.PROTECT, null=True, related_name="advised")

    class Meta:
        ordering = ["remittance", "place"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, deduction__gte=0), name="a_remittance_line_pays_something"
            )
        ]
        indexes = [
            models.Index(fields=["item"], name="remittance_line_waits", condition=Q(paid_by__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.amount}"
