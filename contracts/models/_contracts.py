"""What was agreed: the contract, its items and tiers, price steps, and the days it rested."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse

from catalogue.models import TaxClass
from core.ranges import DateRange

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}
PRECISE: dict[str, Any] = {"max_digits": 19, "decimal_places": 6}


class Contract(models.Model):
    """What a customer agreed to pay again and again. Bills follow from it; it never changes one."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        WAITING = "waiting", "Waiting for approval"
        ACTIVE = "active", "Active"
        CANCELLED = "cancelled", "Cancelled"

    class Timing(models.TextChoices):
        ADVANCE = "advance", "In advance"
        ARREARS = "arrears", "In arrears"

    class Consolidate(models.TextChoices):
        CONTRACT = "contract", "One invoice per contract"
        CUSTOMER = "customer", "One invoice per customer"
        PO = "po", "One invoice per purchase order"
        SITE = "site", "One invoice per site"

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="contracts")
    number = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day; empty while no end is agreed")
    end_reason = models.CharField(max_length=200, blank=True, default="")
    anchor = models.DateField(help_text="The day periods are counted from")
    every_months = models.PositiveSmallIntegerField(default=1)
    timing = models.CharField(max_length=7, choices=Timing.choices, default=Timing.ADVANCE)
    consolidate_by = models.CharField(max_length=8, choices=Consolidate.choices, default=Consolidate.CONTRACT)
    po_number = models.CharField(max_length=60, blank=True, default="")
    site = models.CharField(max_length=60, blank=True, default="")
    # It goes on for so many months after its end unless notice was given so many days before; 0: it ends.
    renews_months = models.PositiveSmallIntegerField(default=0)
    notice_days = models.PositiveSmallIntegerField(default=0)
    # Of an invoice that comes again and again: the one it was made of.
    repeats = models.ForeignKey(
        "invoices.Invoice", on_delete=models.PROTECT, null=True, related_name="repeated"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    approved_hash = models.CharField(max_length=64, blank=True, default="")
    created_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    edited_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField()
    lock_version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions = [
            ("view_contract", "Can see contracts, usage and bill runs"),
            ("edit_contract", "Can write and change contracts and enter usage"),
            ("run_bills", "Can plan and start bill runs"),
        ]
        constraints = [
            models.UniqueConstraint(
                F("entity"), Upper("number"), name="a_contract_number_is_unique_in_its_entity"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="a_contract_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(anchor__lte=F("starts_on")), name="a_contract_starts_after_its_anchor"
            ),
            models.CheckConstraint(
                condition=Q(every_months__gte=1, every_months__lte=60), name="a_contract_recurs_in_months"
            ),
        ]
        indexes = [
            models.Index(fields=["entity", "state", "customer", "id"], name="contract_to_bill"),
            models.Index(fields=["customer", "-id"], name="contract_of_customer"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("contracts:detail", args=[self.pk])


class ContractItem(models.Model):
    """One thing agreed at a price: charged every period, by use, or once."""

    class Kind(models.TextChoices):
        FIXED = "fixed", "Every period"
        USAGE = "usage", "By use"
        ONE_OFF = "one_off", "Once"

    class Pricing(models.TextChoices):
        FLAT = "flat", "One price"
        GRADUATED = "graduated", "Graduated: each unit at the price of its tier"
        VOLUME = "volume", "Volume: all units at the price of the last tier"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="items")
    item = models.ForeignKey(
        "catalogue.Item", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    code = models.CharField(max_length=30, help_text="What usage calls it")
    description = models.CharField(max_length=200)
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.FIXED)
    pricing = models.CharField(max_length=9, choices=Pricing.choices, default=Pricing.FLAT)
    price = models.DecimalField(**PRECISE, default=0)
    quantity = models.DecimalField(**PRECISE, default=1)
    unit = models.CharField(max_length=12, blank=True, default="")
    minimum = models.DecimalField(**AMOUNT, default=0, help_text="Least amount a period costs")
    tax_class = models.CharField(max_length=8, choices=TaxClass.choices, default=TaxClass.STANDARD)
    supply = models.CharField(max_length=8, default="service")
    exemption_reason = models.CharField(max_length=120, blank=True, default="")
    hsn = models.CharField(max_length=8, blank=True, default="")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    free_until = models.DateField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "code"], name="an_item_code_is_used_once_in_a_contract"
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0, minimum__gte=0), name="a_contract_price_is_not_negative"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="a_contract_quantity_is_positive"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="a_contract_item_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(kind="usage") | Q(pricing="flat", minimum=0),
                name="only_usage_has_tiers_and_a_minimum",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class ContractTier(models.Model):
    """A price per unit up to and including so many units in a period; without `up_to`, all above."""

    item = models.ForeignKey(ContractItem, on_delete=models.CASCADE, related_name="tiers")
    up_to = models.DecimalField(**PRECISE, null=True, blank=True)
    price = models.DecimalField(**PRECISE)

    class Meta:
        ordering = [F("up_to").asc(nulls_last=True)]
        default_permissions = ()
        constraints = [
            # With their order given by `up_to`, tiers rise by themselves as long as no two end alike.
            models.UniqueConstraint(
                fields=["item", "up_to"], name="each_tier_ends_above_the_one_before", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0) & (Q(up_to__isnull=True) | Q(up_to__gt=0)),
                name="a_tier_has_a_price_and_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.up_to}: {self.price}"


class PriceStep(models.Model):
    """From this day on the prices of every period agreed before move by a percent."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="steps")
    on = models.DateField()
    percent = models.DecimalField(max_digits=7, decimal_places=4)

    class Meta:
        ordering = ["on"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["contract", "on"], name="prices_move_once_on_a_day"),
            models.CheckConstraint(
                condition=Q(percent__gt=-100, percent__lt=1000), name="a_price_step_is_a_plausible_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.percent}"


class Suspension(models.Model):
    """Days a contract rests; nothing is charged for them. Open while `ends_on` is empty."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="suspensions")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    entered_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_on"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="a_suspension_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_suspension_has_a_reason"),
            ExclusionConstraint(
                name="suspensions_of_a_contract_do_not_overlap",
                expressions=[
                    ("contract", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} {self.reason}"
