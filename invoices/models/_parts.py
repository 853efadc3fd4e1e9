"""What a document is made of: lines, tax groups, instalments, and the deposits it takes off."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from invoices.models._invoice import AMOUNT, Invoice


class Line(models.Model):
    """A position. `net` is rounded; `tax` is set per line only where the entity taxes by line."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    item = models.ForeignKey(
        "catalogue.Item", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    description = models.CharField(max_length=300)
    detail = models.CharField(max_length=300, blank=True, default="")
    quantity = models.DecimalField(max_digits=19, decimal_places=6)
    unit = models.CharField(max_length=12, blank=True, default="")
    unit_price = models.DecimalField(max_digits=19, decimal_places=6)
    base_quantity = models.DecimalField(max_digits=19, decimal_places=6, default=1)
    list_price = models.DecimalField(max_digits=19, decimal_places=6, null=True)
    discount_pct = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    discount = models.DecimalField(**AMOUNT, default=0)
    net = models.DecimalField(**AMOUNT, default=0)
    # `net` after its share of the document discount: what is taxed, and the most that can be credited.
    taxable = models.DecimalField(**AMOUNT, default=0)
    tax_class = models.CharField(max_length=8, default="standard")
    # Goods or service decides the tax across borders; of a line without an item only this says it.
    kind = models.CharField(max_length=8, default="service")
    category = models.CharField(max_length=2, default="S")
    rate = models.DecimalField(max_digits=9, decimal_places=4, default=0)
    tax = models.DecimalField(**AMOUNT, default=0)
    components = models.JSONField(default=dict, help_text="India: {CGST, SGST or UTGST, IGST} as strings")
    exemption_reason = models.CharField(max_length=120, blank=True, default="")
    vatex = models.CharField(max_length=30, blank=True, default="")
    hsn = models.CharField(max_length=8, blank=True, default="")
    period_from = models.DateField(null=True, blank=True)
    period_to = models.DateField(null=True, blank=True)
    credited_line = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="credit_lines"
    )

    class Meta:
        ordering = ["position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="a_position_is_used_once"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="a_unit_price_is_not_negative"),
            models.CheckConstraint(condition=Q(base_quantity__gt=0), name="a_base_quantity_is_positive"),
            models.CheckConstraint(
                condition=Q(period_to__isnull=True)
                | Q(period_from__isnull=True)
                | Q(period_to__gte=F("period_from")),
                name="a_line_period_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class TaxGroup(models.Model):
    """Tax of one category, rate and component; sums to the totals of the invoice."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="tax_groups")
    category = models.CharField(max_length=2)
    rate = models.DecimalField(max_digits=9, decimal_places=4)
    component = models.CharField(max_length=5, blank=True, default="")
    label = models.CharField(max_length=40)
    taxable = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    tax_functional = models.DecimalField(**AMOUNT, default=0)
    reason = models.CharField(max_length=120, blank=True, default="")
    vatex = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "category", "rate", "component"],
                name="a_tax_group_stands_once_on_an_invoice",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.tax}"


class Instalment(models.Model):
    """A part of the payable amount with its own due date and, once issued, its own open item."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="instalments")
    number = models.PositiveSmallIntegerField(default=1)
    due_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True, default="")
    amount = models.DecimalField(**AMOUNT)
    open_item = models.OneToOneField(
        "ledger.OpenItem", on_delete=models.PROTECT, null=True, related_name="instalment"
    )

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["invoice", "number"], name="an_instalment_number_is_used_once")
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.number}"


class Deduction(models.Model):
    """A deposit taken off its final invoice, with its tax and at what it stands in the books.

    `groups` is [{category, rate, component, taxable, tax, tax_functional}]. A credit note of the whole final
    invoice releases it: then it can be taken off another one, or be credited itself.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="deductions")
    deposit = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="deducted")
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    net_functional = models.DecimalField(**AMOUNT)
    groups = models.JSONField(default=list)
    released_by = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, related_name="released_deductions"
    )

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["deposit"], condition=Q(released_by__isnull=True), name="a_deposit_is_deducted_once"
            ),
            models.CheckConstraint(
                condition=Q(net__gt=0) & Q(tax__gte=0), name="a_deduction_takes_something_off"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deposit} {self.net + self.tax}"

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax
