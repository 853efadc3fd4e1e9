"""The receivables book: accounts, balanced append-only entries, open items and their allocations.

Signs: a line's amounts are + for debit and - for credit. Open items and allocations are positive;
a reversal of an allocation is a row with the negative amounts. What the constraints below cannot
say alone (sums over rows) is said by the triggers in migration 0002.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class Account(models.Model):
    code = models.CharField(max_length=8, primary_key=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["code"]
        permissions = [("view_ledger", "Can read the ledger")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Entry(models.Model):
    """One event in the book. Never changed: a mistake is mended by an entry that reverses it."""

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    kind = models.CharField(max_length=30)
    source_type = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    # Names the event: replaying it finds the entry instead of posting twice.
    key = models.CharField(max_length=80, unique=True)
    text = models.CharField(max_length=200)
    reversal_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )
    # The database transaction that wrote the entry: lines may join it only there (trigger).
    transaction = models.BigIntegerField(
        db_default=Cast(
            Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
        ),
        editable=False,
    )
    posted_at = models.DateTimeField()
    posted_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["-id"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["source_type", "source_id"], name="ledger_entry_of_source"),
            models.Index(fields=["entity", "on"], name="ledger_entry_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.text}"


class OpenItem(models.Model):
    """Something owed to us (debit) or by us (credit) that waits to be settled.

    An invoice has one per instalment; a receipt or credit note has one. `open_amount` and
    `open_functional` are kept for speed by the operation that allocates, under the same lock;
    a trigger proves them against the allocations at commit.
    """

    class Side(models.TextChoices):
        DEBIT = "debit", "Owed to us"
        CREDIT = "credit", "Owed by us"

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        RECEIPT = "receipt", "Receipt"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    side = models.CharField(max_length=6, choices=Side.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reference = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    functional_amount = models.DecimalField(**AMOUNT)
    open_amount = models.DecimalField(**AMOUNT)
    open_functional = models.DecimalField(**AMOUNT)
    held_amount = models.DecimalField(**AMOUNT, default=0)
    opened_on = models.DateField()
    due_on = models.DateField(null=True)

    class Meta:
        ordering = ["due_on", "opened_on", "id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_open_item_has_a_positive_amount"),
            models.CheckConstraint(
                condition=Q(open_amount__gte=0) & Q(open_amount__lte=F("amount")),
                name="an_open_item_is_not_over_allocated",
            ),
            models.CheckConstraint(
                condition=Q(open_functional__gte=0) & Q(open_functional__lte=F("functional_amount")),
                name="an_open_item_is_not_over_relieved",
            ),
            models.CheckConstraint(
                condition=~Q(open_amount=0) | Q(open_functional=0),
                name="a_settled_item_has_no_functional_rest",
            ),
            models.CheckConstraint(
                condition=Q(held_amount__gte=0) & Q(held_amount__lte=F("open_amount")),
                name="no_more_is_held_than_is_open",
            ),
            models.CheckConstraint(
                condition=Q(side="debit") | Q(held_amount=0), name="only_what_is_owed_to_us_is_held"
            ),
            models.CheckConstraint(
                condition=Q(side="credit") | Q(due_on__isnull=False), name="a_debit_item_has_a_due_date"
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer", "currency", "due_on"],
                name="open_item_of_customer",
                include=["side", "open_amount", "open_functional", "entity"],
                condition=Q(open_amount__gt=0),
            ),
            models.Index(fields=["customer", "opened_on"], name="item_of_customer_by_day"),
            models.Index(
                fields=["due_on", "id"],
                name="open_debit_by_due_day",
                include=["entity", "currency", "customer", "open_amount", "open_functional"],
                condition=Q(side="debit", open_amount__gt=0),
            ),
            models.Index(
                fields=["opened_on", "id"],
                name="open_credit_by_day",
                include=["entity", "kind"],
                condition=Q(side="credit", open_amount__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.open_amount} {self.currency}"


class Line(models.Model):
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    item = models.ForeignKey(OpenItem, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    functional = models.DecimalField(**AMOUNT)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["customer", "account"],
                name="ledger_line_of_customer",
                include=["currency", "amount", "functional"],
                condition=Q(customer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount} {self.currency}"


class Allocation(models.Model):
    """Some of a debit item settled: by a credit item, or by discount, tolerance or write-off.

    `functional` is what leaves the debit item in functional currency, `credit_functional` what
    leaves the credit item; their difference is the realised exchange gain or loss of the entry.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment", "Payment"
        CREDIT = "credit", "Credit note"
        REFUND = "refund", "Refund"
        BOUNCE = "bounce", "Returned payment"
        MOVED = "moved", "Given to another customer"
        DISCOUNT = "discount", "Early payment discount"
        TOLERANCE = "tolerance", "Small difference"
        WRITE_OFF = "write_off", "Write-off"

    debit = models.ForeignKey(OpenItem, on_delete=models.PROTECT, related_name="settlements", null=True)
    credit = models.ForeignKey(OpenItem, on_delete=models.PROTECT, related_name="uses", null=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    functional = models.DecimalField(**AMOUNT)
    credit_functional = models.DecimalField(**AMOUNT)
    on = models.DateField()
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="allocations")
    reversal_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="an_allocation_moves_something"),
            models.CheckConstraint(
                condition=Q(reversal_of__isnull=False, amount__lt=0)
                | Q(reversal_of__isnull=True, amount__gt=0),
                name="only_a_reversal_is_negative",
            ),
            models.CheckConstraint(
                condition=Q(debit__isnull=False) | Q(kind__in=["refund", "bounce", "moved"]),
                name="an_allocation_names_what_it_settles",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["payment", "credit", "refund", "bounce", "moved"], credit__isnull=False)
                | Q(kind__in=["discount", "tolerance", "write_off"], credit__isnull=True),
                name="an_allocation_names_what_it_uses",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class DaySum(models.Model):
    """What a day adds to the figures of a company and currency, kept by triggers on the rows it sums.

    Every statement that changes such rows adds one small row per day it touches, so writers never wait for
    each other here; `fold_day_sums` joins rows of one key from time to time. A figure is always the sum of
    all rows of its keys, folded or not. Units: `amount` and `balance` in `currency`, `functional` in the
    company's. Which kind sums what, `day_sums.TRUTH` says; `day_sums.faults` compares them.
    """

    kind = models.CharField(
        max_length=12, help_text="invoice, credit_note, debit_note, receipt, returned, due"
    )
    # Documents: owed, paid, settled or cancelled. Receipts: the method. Items due: "".
    part = models.CharField(max_length=14, default="")
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    day = models.DateField(help_text="Day of issue, of receipt, or when it is due")
    n = models.BigIntegerField()
    amount = models.DecimalField(max_digits=24, decimal_places=4)
    functional = models.DecimalField(max_digits=24, decimal_places=4)
    balance = models.DecimalField(max_digits=24, decimal_places=4, default=0)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["kind", "day", "entity"], name="day_sum_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.amount} {self.currency}"
