"""Reading the selling companies: who sees them, their day, calendar, rates, bank accounts and tax numbers."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays
from django.db.models import Exists, Q, QuerySet

from core.calendars import Calendar
from core.clocks import business_minutes, sla_deadline
from core.errors import Invalid
from core.money import exponent
from core.rows import rows_of, rows_where
from entities.models import (
    Access,
    BankAccount,
    BankChange,
    Entity,
    ExchangeRate,
    Series,
    TaxRegistration,
    TeamHours,
)
from team.models import User

# Years whose holidays the package knows for every country of ours. A year outside is an error in the
# calendar, never a year without holidays.
_YEARS = range(2015, 2036)


class Rate(NamedTuple):
    """An exchange rate: functional units for one unit of the document currency, its day and its source."""

    rate: Decimal
    on: date
    source: str


def visible_to(user: User) -> QuerySet[Entity]:
    """The companies the person may see: those they are restricted to, else all of them."""
    if not user.is_active:
        return Entity.objects.none()
    # One condition instead of a question beforehand: nearly every list of a page begins here.
    theirs = Access.objects.filter(user=user)
    return Entity.objects.filter(Q(pk__in=theirs.values("entity")) | ~Exists(theirs))


def seen_by(people: QuerySet[User], entity: Entity) -> QuerySet[User]:
    """Those of these people who may see the company."""
    return people.filter(Q(entity_access__isnull=True) | Q(entity_access__entity=entity), is_active=True)


def local_day(entity: Entity, now: datetime) -> date:
    """The calendar day it is at the company at this instant: the one its documents are dated with."""
    return now.astimezone(ZoneInfo(entity.time_zone)).date()


class Hours(NamedTuple):
    """When somebody is there: on working days of the calendar, from `opens` to `closes` in `zone`."""

    zone: ZoneInfo
    opens: time
    closes: time
    calendar: Calendar

    @property
    def minutes(self) -> int:
        """Of a whole day."""
        return (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute


def hours_of(entity: Entity, team: TeamHours | None = None) -> Hours:
    """The office hours of the team; of the company where the team keeps none of its own."""
    if team is not None:
        return Hours(ZoneInfo(team.time_zone), team.opens, team.closes, region_calendar(team.holiday_region))
    return Hours(ZoneInfo(entity.time_zone), entity.opens, entity.closes, calendar_of(entity))


def team_hours(entity: Entity, team: str) -> TeamHours | None:
    """The hours the team (code of a role) keeps in the company; None: the company's own."""
    return entity.team_hours.filter(team=team, is_current=True).first()


def business_deadline(
    hours: Hours, start: datetime, minutes: int, *, pauses: Sequence[tuple[datetime, datetime]] = ()
) -> datetime:
    """The instant so many minutes of office hours after `start` have passed, without `pauses`."""
    zone = hours.zone
    return sla_deadline(
        start=start.astimezone(zone),
        minutes=minutes,
        opens=hours.opens,
        closes=hours.closes,
        calendar=hours.calendar,
        pauses=[(begin.astimezone(zone), end.astimezone(zone)) for begin, end in pauses],
    )


def business_time(
    hours: Hours, start: datetime, end: datetime, *, pauses: Sequence[tuple[datetime, datetime]] = ()
) -> int:
    """Minutes of office hours between two moments, without `pauses`."""
    zone = hours.zone
    return business_minutes(
        start=start.astimezone(zone),
        end=end.astimezone(zone),
        opens=hours.opens,
        closes=hours.closes,
        calendar=hours.calendar,
        pauses=[(begin.astimezone(zone), until.astimezone(zone)) for begin, until in pauses],
    )


def calendar_of(entity: Entity) -> Calendar:
    """Weekends and public holidays where the company is; holidays from the package `holidays`."""
    return region_calendar(entity.holiday_region or entity.country)


@lru_cache(maxsize=64)
def region_calendar(region: str) -> Calendar:
    """The calendar of "IE", "DE-BY" or "US-CA". An unknown region is `Invalid`."""
    country, _, part = region.partition("-")
    try:
        kind = type(holidays.country_holidays(country, subdiv=part or None))
        years = range(max(_YEARS.start, kind.start_year), min(_YEARS.stop, kind.end_year + 1))
        days = holidays.country_holidays(country, subdiv=part or None, years=years)
    except NotImplementedError:
        raise Invalid(
            f"The public holidays of “{region}” are not known.",
            field="holiday_region",
            rule="the_holiday_region_is_known",
            mend="Use a country like IE, or a country and its part like DE-BY or US-CA.",
        ) from None
    return Calendar(frozenset(days), frozenset(years), name=region)


@lru_cache(maxsize=64)
def holiday_names(region: str) -> dict[date, str]:
    """Day -> name of the public holiday, for reasons shown beside dates."""
    country, _, part = region.partition("-")
    calendar = region_calendar(region)
    return dict(holidays.country_holidays(country, subdiv=part or None, years=sorted(calendar.years)).items())


def rate_on(currency: str, functional: str, on: date) -> Rate:
    """The latest rate on or before the day; 1 for the same currency. None entered: `Invalid`."""
    exponent(currency), exponent(functional)
    if currency == functional:
        return Rate(Decimal(1), on, "same currency")
    rows = rows_where(ExchangeRate, _LATEST_RATE, [currency, functional, on])
    found = rows[0] if rows else None
    if found is None:
        raise Invalid(
            f"There is no exchange rate from {currency} to {functional} on or before {on.isoformat()}.",
            field="currency",
            rule="an_exchange_rate_is_known",
            mend=f"Enter the rate of {currency} under Settings, Exchange rates.",
        )
    return Rate(found.rate, found.on, found.source)


_LATEST_RATE = """
currency = %s AND functional = %s AND "on" <= %s
ORDER BY "on" DESC LIMIT 1
"""


def exchange_rates(*, currency: str = "") -> QuerySet[ExchangeRate]:
    """Rates entered, newest first."""
    rows = ExchangeRate.objects.order_by("-on", "currency", "functional")
    return rows.filter(currency=currency) if currency else rows


def bank_account(entity: Entity, currency: str) -> BankAccount | None:
    """Where a customer pays the company in this currency; None when it has no account for it."""
    accounts = rows_of(BankAccount, "entity_id", [entity.pk])
    return next((one for one in accounts if one.currency == currency and one.is_active), None)


def bank_accounts(entity: Entity) -> QuerySet[BankAccount]:
    """All accounts, the active ones first; old ones stay to be read."""
    return entity.bank_accounts.order_by("-is_active", "currency", "-since", "-pk")


def waiting_bank_changes(entity: Entity | None = None) -> QuerySet[BankChange]:
    """Changes of bank details that wait for a second person."""
    rows = BankChange.objects.filter(state=BankChange.State.PENDING).select_related("entity", "requested_by")
    return rows.filter(entity=entity) if entity is not None else rows


def tax_numbers(entity: Entity, on: date) -> list[TaxRegistration]:
    """The company's tax numbers valid on the day, its own country's first."""
    rows = rows_of(TaxRegistration, "entity_id", [entity.pk])
    valid = [row for row in rows if row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)]
    return sorted(valid, key=lambda row: (row.country != entity.country, row.scheme, row.pk))


def registered_state(entity: Entity, on: date) -> str:
    """The two-digit state of the company's GST registration on the day; its address's state without one."""
    states = [row.state_code or row.number[:2] for row in tax_numbers(entity, on) if row.scheme == "GSTIN"]
    return entity.state_code if not states or entity.state_code in states else states[0]


def series_of(entity: Entity) -> QuerySet[Series]:
    """The company's number series, newest fiscal year first."""
    return entity.series.order_by("-fiscal_year", "document_type", "code")


def pattern_of(entity: Entity, document_type: str) -> str:
    """The pattern the next fiscal year's series will get: that of the newest series, else the default."""
    newest = (
        entity.series.filter(document_type=document_type, code="main", is_legacy=False)
        .order_by("-fiscal_year")
        .first()
    )
    return newest.pattern if newest is not None else default_pattern(entity.country, document_type)


def default_pattern(country: str, document_type: str) -> str:
    """How numbers look before anybody decides. India allows 16 characters in all."""
    prefix = DOCUMENT_PREFIXES.get(document_type)
    if prefix is None:
        raise Invalid(
            f"“{document_type}” is not a numbered kind of document.",
            field="document_type",
            rule="document_type_is_numbered",
            mend=f"Use one of {', '.join(DOCUMENT_PREFIXES)}.",
        )
    return f"{prefix}/{{FY}}/{{N:04}}" if country == "IN" else f"{prefix}-{{FY}}-{{N:05}}"


DOCUMENT_PREFIXES = {
    "invoice": "INV",
    "credit_note": "CN",
    "debit_note": "DN",
    "proforma": "PF",
    "deposit": "DEP",
}
DOCUMENT_NAMES = {
    "invoice": "Invoices",
    "credit_note": "Credit notes",
    "debit_note": "Debit notes",
    "proforma": "Pro-forma invoices",
    "deposit": "Deposit invoices",
}
