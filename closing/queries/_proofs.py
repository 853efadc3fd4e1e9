"""The points of the checklist that prove the book: numbers, control accounts, revaluation, tax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from closing import rules
from closing.queries._revaluation import revaluation_of
from closing.queries._tax import tax_report
from core.errors import Invalid
from entities.models import Entity
from ledger import day_end
from ledger.accounts import ACCOUNTS
from team.models import User


@dataclass(frozen=True)
class PointRow:
    """One thing to look at: what, where it is, about what, its day and amount."""

    what: str
    url: str
    about: str
    on: date | None = None
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Scope:
    """Whose month, and who asks."""

    entity: Entity
    month: date
    user: User


# The counter of a series says how many numbers were given; each is on a document, or the row names it.
_MISSING = """
WITH short AS (
    SELECT s.id, s.fiscal_year, s.document_type, s.first_number, s.next_number FROM entities_series s
    WHERE s.entity_id = %s AND NOT s.is_legacy AND s.next_number - s.first_number
        <> (SELECT count(*) FROM invoices_invoice i WHERE i.series_id = s.id)
)
SELECT s.document_type, s.fiscal_year, n FROM short s
CROSS JOIN LATERAL generate_series(s.first_number, s.next_number - 1) n
WHERE NOT EXISTS (SELECT 1 FROM invoices_invoice i WHERE i.series_id = s.id AND i.sequence = n)
ORDER BY 1, 2, 3 LIMIT 1000"""


def gaps(scope: Scope) -> list[PointRow]:
    """Numbers that were given and are on no document."""
    url = reverse("entities:detail", args=[scope.entity.pk])
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [scope.entity.pk])
        return [
            PointRow(_("Number %(n)s is missing") % {"n": number}, url, f"{kind} {year}")
            for kind, year, number in cursor.fetchall()
        ]


def ledger_rows(scope: Scope) -> list[PointRow]:
    """Accounts that differ from their items, and the sum of the book when it is not nothing."""
    last, own = rules.last_of(scope.month), scope.entity.functional_currency
    rows = [
        PointRow(
            f"{one.account} {ACCOUNTS[one.account]}",
            _journal(scope, account=one.account),
            _("posted %(posted)s, open items %(items)s %(currency)s")
            % {"posted": one.posted, "items": one.items, "currency": one.currency},
            last,
            one.posted_functional - one.items_functional,
            own,
        )
        for one in day_end.control_differences(scope.entity.pk, last)
    ]
    rest = day_end.out_of_balance(scope.entity.pk, last)
    if rest:
        rows.append(
            PointRow(_("All accounts"), _journal(scope), _("do not add up to nothing"), last, rest, own)
        )
    return rows


def revaluation_rows(scope: Scope) -> list[PointRow]:
    """Items that are not carried at the closing rate; or the rate that is missing."""
    url = reverse("closing:revaluation", args=[scope.entity.pk, f"{scope.month:%Y-%m}"])
    try:
        changes = revaluation_of(scope.entity, scope.month)
    except Invalid as fault:
        return [PointRow(fault.message, reverse("entities:rates"), fault.mend or "")]
    return [
        PointRow(
            row.item.reference,
            url,
            f"{row.item.customer} · {row.item.currency}",
            rules.last_of(scope.month),
            row.gain,
            scope.entity.functional_currency,
        )
        for change in changes
        for row in change.changed
    ]


def tax_rows(scope: Scope) -> list[PointRow]:
    """Output tax accounts that moved by something else than the report says."""
    report = tax_report(scope.entity, scope.month)
    return [
        PointRow(
            f"{one.code} {one.name}",
            _journal(scope, account=one.code),
            _("the ledger moved by more or less than the report says"),
            rules.last_of(scope.month),
            one.difference,
            scope.entity.functional_currency,
        )
        for one in report.accounts
        if one.difference
    ]


def _journal(scope: Scope, account: str = "") -> str:
    since, until = scope.month.isoformat(), rules.last_of(scope.month).isoformat()
    query = f"?entity={scope.entity.pk}&since={since}&until={until}"
    return reverse("ledger:entries") + query + (f"&account={account}" if account else "")
