"""Number series: one counter per kind of document and fiscal year."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from core import edits
from core.errors import Invalid, Refused
from core.rows import rows_where
from entities import events, queries, rules
from entities.models import Entity, Series
from team.models import User
from trail.operations import record

# How many documents of a kind a year may bring where the number may have only 16 characters.
_INDIA_HIGHEST = 9_999


def ensure_series(entity: Entity, document_type: str, on: date, *, now: datetime) -> Series:
    """The counter of this kind of document in the fiscal year of the day, made when the year is new.

    A new year takes the pattern of the newest one, or the default. The row is not locked.
    """
    year = rules.fiscal_year(on, entity.fiscal_year_start_month)
    found = _main_series(entity, document_type, year)
    if found is not None:
        return found
    pattern = queries.pattern_of(entity, document_type)
    try:
        return open_series(
            entity, document_type=document_type, fiscal_year=year, pattern=pattern, actor=None, now=now
        )
    except Refused:
        # Somebody else may have opened the year in the same moment; any other reason stands.
        found = _main_series(entity, document_type, year)
        if found is None:
            raise
        return found


# Asked at every issue, and always the same: nothing is compiled.
_MAIN = """
entity_id = %s AND document_type = %s AND code = 'main' AND fiscal_year = %s
"""


def _main_series(entity: Entity, document_type: str, year: str) -> Series | None:
    return next(iter(rows_where(Series, _MAIN, [entity.pk, document_type, year])), None)


@transaction.atomic
def open_series(
    entity: Entity,
    *,
    document_type: str,
    fiscal_year: str,
    pattern: str,
    actor: User | None,
    now: datetime,
    first_number: int = 1,
    highest: int | None = None,
    code: str = "main",
    is_legacy: bool = False,
) -> Series:
    """A new counter. The longest number it will give must be allowed where the company is.

    `highest` is the most documents expected in the year. A legacy series holds imported documents, which
    keep their own numbers, so its pattern is not checked.
    """
    queries.default_pattern(entity.country, document_type)
    if not is_legacy:
        _check_series(entity, (document_type, code, fiscal_year), pattern, highest)
    if first_number < 1:
        raise Invalid("Numbers start at 1.", field="first_number", rule="number_is_positive")
    try:
        with transaction.atomic():
            series = Series.objects.create(
                entity=entity,
                document_type=document_type,
                code=code,
                fiscal_year=fiscal_year,
                pattern=pattern,
                first_number=first_number,
                next_number=first_number,
                is_legacy=is_legacy,
            )
    except IntegrityError as fault:
        raise Refused(
            f"{entity} has this series for {fiscal_year} already.",
            field="fiscal_year",
            rule="one_counter_per_entity_type_series_and_year",
            mend="Change the series that is there, or name another fiscal year.",
        ) from fault
    record(events.SERIES_OPENED, series, actor=actor, at=now, pattern=pattern, first_number=first_number)
    return series


@transaction.atomic
def change_series(
    series: Series,
    *,
    pattern: str,
    first_number: int,
    actor: User | None,
    now: datetime,
    highest: int | None = None,
) -> Series:
    """Another pattern or first number, possible until the series has given its first number."""
    series = Series.objects.select_for_update(of=("self",)).select_related("entity").get(pk=series.pk)
    if series.next_number != series.first_number or series.last_issued_on is not None:
        raise Refused(
            f"{series} has given numbers; from then on it stays as it is.",
            field="pattern",
            rule="a_series_in_use_keeps_its_pattern",
            mend="The pattern can change with the next fiscal year.",
        )
    if first_number < 1:
        raise Invalid("Numbers start at 1.", field="first_number", rule="number_is_positive")
    which = (series.document_type, series.code, series.fiscal_year)
    _check_series(series.entity, which, pattern, highest)
    changes = edits.apply(
        series, {"pattern": pattern, "first_number": first_number, "next_number": first_number}
    )
    if changes:
        series.save(update_fields=list(changes))
        record(events.SERIES_CHANGED, series, actor=actor, at=now, changes=changes)
    return series


def _check_series(entity: Entity, which: tuple[str, str, str], pattern: str, highest: int | None) -> None:
    """Refuse a pattern whose numbers are not allowed, or that another series gives as well."""
    document_type, code, year = which
    expected = highest or (_INDIA_HIGHEST if entity.country == "IN" else rules.HIGHEST)
    rules.check_pattern(pattern, year, scheme=entity.country, highest=expected)
    others = entity.series.filter(fiscal_year=year, pattern__iexact=pattern, is_legacy=False)
    if others.exclude(document_type=document_type, code=code).exists():
        raise Refused(
            f"Another series of {entity} gives the same numbers.",
            field="pattern",
            rule="numbers_of_two_series_differ",
            mend="Start the pattern with other letters.",
        )
