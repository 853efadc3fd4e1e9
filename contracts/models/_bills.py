"""What was billed of contracts, and the runs that did it."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class BillRun(models.Model):
    """One pass over the contracts of a company: planned, approved by a second person, then done by a worker.

    `totals` is {currency: {"invoices", "net", "payable"}} as planned; `changes` says which contracts are new,
    over or differ since the run before.
    """

    class State(models.TextChoices):
        PLANNING = "planning", "Being planned"
        PLANNED = "planned", "Waiting for approval"
        APPROVED = "approved", "Approved"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Stopped"
        DISCARDED = "discarded", "Discarded"

    UNDER_WAY = (State.PLANNING, State.PLANNED, State.APPROVED, State.RUNNING)

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    as_of = models.DateField(help_text="Everything due by this day is billed")
    # {"customer": id} or {"contract": id}; empty: all contracts of the company.
    scope = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNING)
    before = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    totals = models.JSONField(default=dict)
    changes = models.JSONField(default=dict)
    plan_hash = models.CharField(max_length=64, blank=True, default="")
    planned_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    # Usage that arrived later is left to the next run, so that what was approved is what is billed.
    planned_at = models.DateTimeField()
    job = models.ForeignKey("work.Job", on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "as_of"],
                condition=Q(planned_by__isnull=True),
                name="the_clock_plans_one_run_per_company_and_day",
            ),
            models.UniqueConstraint(
                fields=["entity", "scope"],
                condition=Q(state__in=["planning", "planned", "approved", "running"]),
                name="one_run_of_a_scope_is_under_way",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "done"]) | Q(job__isnull=False), name="a_run_has_a_job"
            ),
        ]
        indexes = [models.Index(fields=["entity", "-id"], name="bill_run_of_entity")]

    def __str__(self) -> str:
        return f"Bill run {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("contracts:run", args=[self.pk])


class RunRow(models.Model):
    """One invoice a run is to make, of one contract and period or of several contracts together."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        BILLED = "billed", "Billed"
        FAILED = "failed", "Not billed"

    run = models.ForeignKey(BillRun, on_delete=models.CASCADE, related_name="rows")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    # [[contract id, period start]], which is what the invoice is made of again at its turn.
    parts = models.JSONField()
    bills_on = models.DateField()
    period_start = models.DateField()
    period_end = models.DateField()
    currency = models.CharField(max_length=3)
    net = models.DecimalField(**AMOUNT)
    payable = models.DecimalField(**AMOUNT, default=0)
    is_late = models.BooleanField(default=False, help_text="A period that was missed")
    # [{rule, severity, message, mend}] of the check before issue, and what differs from the bill before.
    warnings = models.JSONField(default=list)
    state = models.CharField(max_length=7, choices=State.choices, default=State.PLANNED)
    fault = models.JSONField(default=dict, help_text="{field, message, mend} of why it was not billed")
    invoice = models.ForeignKey(
        "invoices.Invoice", on_delete=models.PROTECT, null=True, related_name="run_rows"
    )

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(state="billed", invoice__isnull=False)
                | (~Q(state="billed") & Q(invoice__isnull=True)),
                name="a_billed_row_has_its_invoice",
            ),
            models.CheckConstraint(condition=Q(net__gt=0), name="a_run_row_asks_for_something"),
        ]
        indexes = [models.Index(fields=["run", "state", "id"], name="run_row_by_state")]

    def __str__(self) -> str:
        return f"{self.customer} {self.period_start}"


class ContractBill(models.Model):
    """The bill of one contract for one period: there is only one, and its invoice."""

    contract = models.ForeignKey("contracts.Contract", on_delete=models.PROTECT, related_name="bills")
    run = models.ForeignKey(BillRun, on_delete=models.PROTECT, related_name="bills", db_index=False)
    period_start = models.DateField()
    period_end = models.DateField()
    bills_on = models.DateField()
    net = models.DecimalField(**AMOUNT)
    is_late = models.BooleanField(default=False)
    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="contract_bills")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["period_start"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "period_start"], name="a_contract_is_billed_once_per_period"
            ),
            models.CheckConstraint(condition=Q(net__gt=0), name="a_bill_asks_for_something"),
        ]
        indexes = [models.Index(fields=["run", "contract"], name="bill_of_run")]

    def __str__(self) -> str:
        return f"{self.contract} {self.period_start}"


class BillLine(models.Model):
    """What one position asks for one item and period, or gives back; their sum is what is billed of it."""

    contract = models.ForeignKey("contracts.Contract", on_delete=models.PROTECT, related_name="billed")
    # Empty: a credit note after the contract's end.
    bill = models.ForeignKey(ContractBill, on_delete=models.PROTECT, null=True, related_name="lines")
    document = models.ForeignKey("invoices.Invoice", on_delete=models.PROTECT, related_name="billed_items")
    position = models.PositiveSmallIntegerField()
    item = models.ForeignKey(
        "contracts.ContractItem", on_delete=models.PROTECT, related_name="billed", db_index=False
    )
    period_start = models.DateField()
    amount = models.DecimalField(**AMOUNT)
    quantity = models.DecimalField(max_digits=19, decimal_places=6, default=0)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["bill", "item", "period_start"], name="a_bill_asks_once_for_an_item_and_period"
            ),
            models.UniqueConstraint(
                fields=["document", "position", "item", "period_start"], name="a_position_bills_one_thing"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="a_bill_line_has_an_amount"),
            models.CheckConstraint(
                condition=Q(bill__isnull=False) | Q(amount__lt=0), name="only_a_bill_asks_for_more"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.period_start} {self.amount}"
