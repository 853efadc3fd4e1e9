"""What we sell and how it is taxed on a given day."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from core.ranges import DateRange


class TaxClass(models.TextChoices):
    """How a product is taxed, whatever the country: each country's dated rates say how much that is.

    India: lowest 0.25, super-reduced 1.5, second reduced 3, reduced 5, standard 18, higher 28, highest 40 %.
    """

    STANDARD = "standard", "Standard rate"
    REDUCED = "reduced", "Reduced rate"
    REDUCED2 = "reduced2", "Second reduced rate"
    SUPER = "super", "Super-reduced rate"
    LOWEST = "lowest", "Lowest rate"
    HIGHER = "higher", "Higher rate"
    HIGHEST = "highest", "Highest rate"
    ZERO = "zero", "Zero rated"
    EXEMPT = "exempt", "Exempt"


class Item(models.Model):
    """Something on the price list."""

    class Kind(models.TextChoices):
        GOODS = "goods", "Goods"
        SERVICE = "service", "Service"
        ESERVICE = "eservice", "Electronic service"

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=200)
    detail = models.CharField(max_length=300, blank=True, default="")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SERVICE)
    unit = models.CharField(max_length=12, default="unit")
    tax_class = models.CharField(max_length=8, choices=TaxClass.choices, default=TaxClass.STANDARD)
    exemption_reason = models.CharField(max_length=120, blank=True, default="")
    vatex = models.CharField(max_length=30, blank=True, default="")
    hsn = models.CharField("HSN or SAC", max_length=8, blank=True, default="")
    allows_negative = models.BooleanField(
        default=False, help_text="A deduction: its quantity may be negative"
    )
    is_active = models.BooleanField(default=True)
    lock_version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["code"]
        permissions = [("edit_item", "Can edit items, prices and taxes")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(tax_class="exempt") | ~Q(exemption_reason=""), name="an_exempt_item_has_a_reason"
            ),
            models.UniqueConstraint(Upper("code"), name="an_item_code_is_unique_whatever_its_case"),
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What one unit of an item costs in a currency over a range of days, before tax."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3)
    unit_price = models.DecimalField(max_digits=19, decimal_places=6)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["item", "currency", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="a_price_is_not_negative"),
            ExclusionConstraint(
                name="prices_of_an_item_do_not_overlap",
                expressions=[
                    ("item", RangeOperators.EQUAL),
                    ("currency", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.unit_price} {self.currency}"


class TaxRate(models.Model):
    """The rate of a tax class in a country (and state) over a range of days."""

    country = models.CharField(max_length=2)
    state_code = models.CharField(max_length=8, blank=True, default="")
    tax_class = models.CharField(max_length=8, choices=TaxClass.choices)
    # UN/EDIFACT 5305: S standard, Z zero, E exempt, O outside the scope.
    category = models.CharField(max_length=2, default="S")
    rate = models.DecimalField(max_digits=9, decimal_places=4)
    label = models.CharField(max_length=40)
    nexus_from = models.DateField(null=True, blank=True, help_text="US: since when we must collect there")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True, default="")
    reviewed_on = models.DateField(null=True, blank=True, help_text="Last confirmed by the legal adviser")

    class Meta:
        ordering = ["country", "state_code", "tax_class", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=0), name="a_tax_rate_is_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_tax_rate_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="tax_rates_do_not_overlap",
                expressions=[
                    ("country", RangeOperators.EQUAL),
                    ("state_code", RangeOperators.EQUAL),
                    ("tax_class", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.rate.normalize():f} %"
