"""What month ends leave behind: revaluations and journals taken out. The closed month is the ledger's."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL
AMOUNT: dict[str, Any] = {"max_digits": 19, "decimal_places": 4}


class Revaluation(models.Model):
    """The open items of a company in one foreign currency at the closing rate of a month.

    Posted on the last day and reversed on the first of the next month. A later run of the same month posts
    only what changed since, as a row of its own: a month's rows add up to its unrealised difference.
    """

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="Its first day")
    currency = models.CharField(max_length=3)
    run = models.PositiveSmallIntegerField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    rate_on = models.DateField()
    rate_source = models.CharField(max_length=40)
    items = models.PositiveIntegerField()
    # Unrealised gain (+) or loss (-) of this row, in the company's currency.
    gain = models.DecimalField(**AMOUNT)
    entry = models.OneToOneField("ledger.Entry", on_delete=models.PROTECT, related_name="+", null=True)
    reversal = models.OneToOneField("ledger.Entry", on_delete=models.PROTECT, related_name="+", null=True)
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-month", "currency", "run"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "month", "currency", "run"], name="a_run_revalues_a_currency_once"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="a_revaluation_is_of_a_month"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="a_closing_rate_is_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} at {self.rate.normalize():f}, {self.month:%B %Y}"


class JournalExport(models.Model):
    """A month's journal as a file that can be made again, byte for byte.

    Its content is all entries of the month with a key up to `last_entry`: entries never change, so the file
    never does. What was posted into the month later is in the next export.
    """

    entity = models.ForeignKey("entities.Entity", on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="Its first day")
    last_entry = models.BigIntegerField(help_text="The highest key of an entry in it; 0 for none")
    entries = models.PositiveIntegerField()
    lines = models.PositiveIntegerField()
    debit = models.DecimalField(max_digits=24, decimal_places=4)
    credit = models.DecimalField(max_digits=24, decimal_places=4)
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "month", "last_entry"], name="a_journal_is_exported_once_as_it_stands"
            ),
            models.CheckConstraint(condition=Q(debit=F("credit")), name="an_exported_journal_balances"),
        ]

    def __str__(self) -> str:
        return f"Journal of {self.month:%B %Y}, {self.sha256[:12]}"

    def get_absolute_url(self) -> str:
        return reverse("closing:journal_file", args=[self.pk])
