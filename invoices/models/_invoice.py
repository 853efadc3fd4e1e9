"""An invoice or credit note, from draft to frozen document."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}
ISSUED = Q(document_status__in=["issued", "cancelled"])


class Invoice(models.Model):
    class Type(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        DEBIT_NOTE = "debit_note", "Debit note"
        PROFORMA = "proforma", "Pro-forma invoice"
        DEPOSIT = "deposit", "Deposit invoice"

    # A pro-forma sells nothing: it is in no sum of what was billed.
    BILLED = [Type.INVOICE, Type.CREDIT_NOTE, Type.DEBIT_NOTE, Type.DEPOSIT]

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PENDING = "pending_approval", "Waiting for approval"
        APPROVED = "approved", "Approved"
        ISSUED = "issued", "Issued"
        CANCELLED = "cancelled", "Cancelled"
        DISCARDED = "discarded", "Discarded"

    class Settlement(models.TextChoices):
        OPEN = "open", "Open"
        PART_PAID = "part_paid", "Part paid"
        PAID = "paid", "Paid"
        CREDITED = "credited", "Credited"
        WRITTEN_OFF = "written_off", "Written off"
        MIXED = "mixed_closed", "Closed"

    class Sending(models.TextChoices):
        NOT_SENT = "not_sent", "Not sent"
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    # What it is and whose it is
    document_type = models.CharField(max_length=12, choices=Type.choices, default=Type.INVOICE)
    document_status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    public_ref = models.CharField(max_length=32, unique=True)
    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="invoices", db_index=False
    )

    # Given at issue
    series = models.ForeignKey(
        "entities.Series", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    sequence = models.PositiveIntegerField(null=True)
    number = models.CharField(max_length=40, null=True)
    issued_on = models.DateField(null=True)
    issued_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    # Dates and terms
    planned_on = models.DateField(null=True, blank=True, help_text="Issue date if not today")
    backdate_reason = models.CharField(max_length=200, blank=True, default="")
    tax_point_on = models.DateField(null=True, blank=True)
    supply_from = models.DateField(null=True, blank=True)
    supply_to = models.DateField(null=True, blank=True)
    terms = models.CharField(max_length=60, blank=True, default="")
    due_on = models.DateField(null=True)
    policy_version = models.ForeignKey(
        "policies.PolicyVersion", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    # References the customer asks for
    po_number = models.CharField(max_length=60, blank=True, default="")
    buyer_reference = models.CharField(max_length=60, blank=True, default="")
    cost_centre = models.CharField(max_length=60, blank=True, default="")
    contract_reference = models.CharField(max_length=60, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    language = models.CharField(max_length=5, default="en")

    # Money
    currency = models.CharField(max_length=3)
    fx_rate = models.DecimalField(max_digits=20, decimal_places=10, default=1)
    fx_on = models.DateField(null=True)
    fx_source = models.CharField(max_length=40, blank=True, default="")
    tax_rounding = models.CharField(max_length=5, default="group")
    discount_pct = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    discount_amount = models.DecimalField(**AMOUNT, null=True, blank=True)
    discount_reason = models.CharField(max_length=120, blank=True, default="")
    charges = models.JSONField(default=list, help_text="[{reason, amount, category, rate}]")
    lines_total = models.DecimalField(**AMOUNT, default=0)
    allowance_total = models.DecimalField(**AMOUNT, default=0)
    charge_total = models.DecimalField(**AMOUNT, default=0)
    net_total = models.DecimalField(**AMOUNT, default=0)
    tax_total = models.DecimalField(**AMOUNT, default=0)
    gross_total = models.DecimalField(**AMOUNT, default=0)
    rounding = models.DecimalField(**AMOUNT, default=0)
    payable = models.DecimalField(**AMOUNT, default=0)
    # What deposits were billed for before: gross, and the tax in it. `payable` is what is left.
    prepaid = models.DecimalField(**AMOUNT, default=0)
    prepaid_tax = models.DecimalField(**AMOUNT, default=0)
    payable_functional = models.DecimalField(**AMOUNT, default=0)
    tax_functional = models.DecimalField(**AMOUNT, default=0)
    texts = models.JSONField(default=list, help_text="Legal texts printed on the document")

    # Corrections
    credits = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes"
    )
    credit_reason_code = models.CharField(max_length=8, blank=True, default="")
    credit_reason = models.CharField(max_length=300, blank=True, default="")
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    made_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="made_into"
    )

    # Checks and approval
    checks = models.JSONField(default=list, help_text="Result of the last pre-issue check")
    overrides = models.JSONField(default=dict, help_text="{rule: reason} for warnings passed on purpose")
    approved_hash = models.CharField(max_length=64, blank=True, default="")

    # What happened since issue: the only columns that may change then
    balance = models.DecimalField(**AMOUNT, default=0)
    held_amount = models.DecimalField(**AMOUNT, default=0)
    settlement_status = models.CharField(max_length=12, choices=Settlement.choices, default=Settlement.OPEN)
    settled_on = models.DateField(null=True)
    next_due_on = models.DateField(null=True)
    sending = models.CharField(max_length=8, choices=Sending.choices, default=Sending.NOT_SENT)
    annotation = models.CharField(max_length=300, blank=True, default="")

    # Bookkeeping of the row
    is_imported = models.BooleanField(default=False)
    import_key = models.CharField(max_length=80, null=True, unique=True)
    created_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    edited_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    edited_at = models.DateTimeField()
    lock_version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("edit_invoice", "Can write drafts and submit them"),
            ("issue_invoice", "Can issue approved invoices"),
            ("credit_invoice", "Can write credit notes"),
            ("hold_invoice", "Can hold an invoice or part of it"),
            ("move_due_date", "Can ask for a later due date of an issued invoice"),
            ("backdate_invoice", "Can issue with an earlier date and a reason"),
            ("export_invoices", "Can export lists"),
            ("import_invoices", "Can bring in invoices of another system"),
        ]
        constraints = [
            models.UniqueConstraint(
                F("entity"), Upper("number"), name="an_invoice_number_is_unique_in_its_entity"
            ),
            models.UniqueConstraint(fields=["series", "sequence"], name="a_number_of_a_series_is_used_once"),
            models.CheckConstraint(
                condition=~ISSUED
                | (
                    Q(number__isnull=False)
                    & Q(issued_on__isnull=False)
                    & Q(due_on__isnull=False)
                    & Q(series__isnull=False)
                    & Q(policy_version__isnull=False)
                ),
                name="issued_invoice_is_numbered_and_dated",
            ),
            models.CheckConstraint(
                condition=ISSUED | Q(number__isnull=True), name="only_an_issued_invoice_has_a_number"
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=True) | Q(issued_on__isnull=True) | Q(due_on__gte=F("issued_on")),
                name="an_invoice_is_not_due_before_issue",
            ),
            models.CheckConstraint(
                condition=Q(net_total__isnull=False) & Q(gross_total=F("net_total") + F("tax_total")),
                name="net_and_tax_make_the_gross_total",
            ),
            models.CheckConstraint(
                condition=Q(payable=F("gross_total") + F("rounding") - F("prepaid")),
                name="gross_and_rounding_make_the_payable_amount",
            ),
            models.CheckConstraint(
                condition=Q(prepaid__gte=F("prepaid_tax"), prepaid_tax__gte=0),
                name="the_tax_of_deposits_is_part_of_them",
            ),
            models.CheckConstraint(
                condition=~Q(document_type="proforma") | ~ISSUED | Q(balance=0),
                name="a_proforma_is_never_owed",
            ),
            models.UniqueConstraint(
                fields=["made_from"],
                condition=~Q(document_status="discarded"),
                name="a_proforma_becomes_one_invoice",
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=0) & (Q(balance__lte=F("payable")) | ~ISSUED),
                name="a_balance_is_part_of_the_invoice",
            ),
            models.CheckConstraint(
                condition=Q(held_amount__gte=0) & Q(held_amount__lte=F("balance")),
                name="no_more_of_an_invoice_is_held_than_is_open",
            ),
            models.CheckConstraint(
                condition=Q(document_type="credit_note", credits__isnull=False)
                | ~Q(document_type="credit_note"),
                name="a_credit_note_names_its_invoice",
            ),
            models.CheckConstraint(
                condition=~Q(document_type="credit_note") | ~Q(credit_reason=""),
                name="a_credit_note_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(F("issued_on").desc(nulls_first=True), F("id").desc(), name="invoice_by_issue_day"),
            models.Index(fields=["customer", "-issued_on", "-id"], name="invoice_of_customer"),
            models.Index(
                fields=["next_due_on", "id"],
                name="invoice_owed_by_due_day",
                include=["currency", "balance", "entity", "customer"],
                condition=Q(document_status="issued", balance__gt=0),
            ),
            models.Index(
                fields=["-edited_at", "-id"],
                name="invoice_unissued",
                condition=Q(document_status__in=["draft", "pending_approval", "approved"]),
            ),
            models.Index(fields=["-payable", "-id"], name="invoice_by_amount"),
            models.Index(fields=["due_on", "id"], name="invoice_by_due_day"),
            models.Index(fields=["currency", "-issued_on", "-id"], name="invoice_of_currency"),
            models.Index(
                fields=["issued_on"],
                name="invoice_sold_by_day",
                include=["entity", "document_type", "currency", "payable", "payable_functional"],
                condition=ISSUED,
            ),
            models.Index(
                fields=["credits"], name="credit_note_of_invoice", condition=Q(credits__isnull=False)
            ),
            GinIndex(fields=["po_number"], name="invoice_po_trigram", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.number or f"DRAFT-{self.public_ref[:8]}"

    def get_absolute_url(self) -> str:
        return reverse("invoices:detail", args=[self.pk])

    def mail_stop(self, now: datetime) -> str:  # noqa: ARG002 (what the outbox asks of any subject)
        """Why a mail about it that still waits must not leave any more; "" when it may."""
        return "It was cancelled meanwhile." if self.document_status == self.Status.CANCELLED else ""

    @property
    def is_issued(self) -> bool:
        return self.document_status in (self.Status.ISSUED, self.Status.CANCELLED)

    @property
    def is_proforma(self) -> bool:
        return self.document_type == self.Type.PROFORMA

    @property
    def tax_payable(self) -> Any:
        """The tax in what is payable: that of deposits was asked for with them."""
        return self.tax_total - self.prepaid_tax
