"""Writing the price list and the tax rates."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from catalogue import events
from catalogue.models import Item, Price, TaxClass, TaxRate
from catalogue.rules import CATEGORIES
from core import edits
from core.errors import Invalid, Refused
from core.money import exponent
from core.rows import rows_where
from team.models import User
from trail.operations import Fact, record, record_all
from trail.queries import check_version

EDITABLE = (
    "name", "detail", "kind", "unit", "tax_class", "exemption_reason", "vatex", "hsn", "allows_negative",
    "is_active",
)  # fmt: skip


@transaction.atomic
def add_item(*, code: str, actor: User | None, now: datetime, **values: Any) -> Item:
    """Something new on the price list. `values` are the fields of EDITABLE."""
    item = Item(code=code.strip(), **values)
    _check_item(item)
    if Item.objects.filter(code__iexact=item.code).exists():
        raise Refused(
            f"The code {item.code} is used already.",
            field="code",
            rule="an_item_code_is_unique_whatever_its_case",
            mend="Choose another code.",
        )
    item.save(force_insert=True)
    record(events.ITEM_ADDED, item, actor=actor, at=now, code=item.code)
    return item


@transaction.atomic
def edit_item(
    item: Item, *, actor: User | None, now: datetime, expected_version: int | None = None, **values: Any
) -> Item:
    """Change an item. Documents keep what they were written with."""
    item = Item.objects.select_for_update().get(pk=item.pk)
    check_version(item, expected_version, fields=EDITABLE)
    changes = edits.apply(item, {name: value for name, value in values.items() if name in EDITABLE})
    if changes:
        _check_item(item)
        item.lock_version += 1
        item.save(update_fields=[*changes, "lock_version"])
        record(events.ITEM_EDITED, item, actor=actor, at=now, changes=changes)
    return item


@transaction.atomic
def set_price(
    item: Item, *, currency: str, unit_price: Decimal, valid_from: date, actor: User | None, now: datetime
) -> Price:
    """The price from a day on. The one before it ends the day before; one that begins later limits it."""
    [item] = rows_where(Item, "id = %s FOR UPDATE", [item.pk])
    exponent(currency)
    if unit_price < 0:
        raise Invalid("A price is zero or more.", field="unit_price", rule="a_price_is_not_negative")
    rows = rows_where(
        Price, "item_id = %s AND currency = %s ORDER BY valid_from FOR UPDATE", [item.pk, currency]
    )
    if any(row.valid_from == valid_from for row in rows):
        raise Refused(
            f"A price in {currency} begins on that day already.",
            field="valid_from",
            rule="prices_of_an_item_do_not_overlap",
            mend="Choose the next day.",
        )
    before = next((row for row in reversed(rows) if row.valid_from < valid_from), None)
    after = next((row for row in rows if row.valid_from > valid_from), None)
    if before is not None and (before.valid_to is None or before.valid_to >= valid_from):
        before.valid_to = valid_from - timedelta(days=1)
        before.save(update_fields=["valid_to"])
    price = Price.objects.create(
        item=item,
        currency=currency,
        unit_price=unit_price,
        valid_from=valid_from,
        valid_to=after.valid_from - timedelta(days=1) if after is not None else None,
    )
    changes = {f"price {currency}": (before.unit_price if before else None, unit_price)}
    record(events.PRICE_SET, item, actor=actor, at=now, changes=changes, valid_from=valid_from)
    return price


@transaction.atomic
def enter_tax_rate(
    *,
    country: str,
    tax_class: str,
    rate: Decimal,
    label: str,
    valid_from: date,
    source: str,
    actor: User | None,
    now: datetime,
    state_code: str = "",
    category: str = "S",
    valid_to: date | None = None,
) -> TaxRate:
    """A rate from a day on. The open rate before it ends the day before. It waits for the legal adviser."""
    _check_rate(tax_class, category, rate, source)
    rows = TaxRate.objects.select_for_update().filter(
        country=country, state_code=state_code, tax_class=tax_class
    )
    before = rows.filter(valid_from__lt=valid_from, valid_to=None).first()
    if before is not None:
        before.valid_to = valid_from - timedelta(days=1)
        before.save(update_fields=["valid_to"])
    try:
        with transaction.atomic():
            row = TaxRate.objects.create(
                country=country,
                state_code=state_code,
                tax_class=tax_class,
                category=category,
                rate=rate,
                label=label,
                nexus_from=before.nexus_from if before else None,
                valid_from=valid_from,
                valid_to=valid_to,
                source=source.strip(),
            )
    except IntegrityError as fault:
        raise Refused(
            "Another rate of this class is in force in those days.",
            field="valid_from",
            rule="tax_rates_do_not_overlap",
            mend="Begin after it ends.",
        ) from fault
    changes = {"rate": (before.rate if before else None, rate)}
    record(
        events.TAX_RATE_ENTERED,
        row,
        actor=actor,
        at=now,
        changes=changes,
        country=country,
        valid_from=valid_from,
    )
    return row


@transaction.atomic
def end_tax_rate(row: TaxRate, *, valid_to: date, actor: User | None, now: datetime) -> TaxRate:
    """The last day on which the rate holds."""
    row = TaxRate.objects.select_for_update().get(pk=row.pk)
    if valid_to < row.valid_from:
        raise Invalid("It ends before it begins.", field="valid_to", rule="a_tax_rate_ends_after_it_begins")
    changes = {"valid_to": (row.valid_to, valid_to)}
    row.valid_to = valid_to
    try:
        with transaction.atomic():
            row.save(update_fields=["valid_to"])
    except IntegrityError as fault:
        raise Refused(
            "The next rate begins before that day.", field="valid_to", rule="tax_rates_do_not_overlap"
        ) from fault
    record(events.TAX_RATE_ENDED, row, actor=actor, at=now, changes=changes)
    return row


@transaction.atomic
def confirm_reviewed(
    rows: Iterable[TaxRate], *, reviewed_on: date, adviser: str, actor: User | None, now: datetime
) -> int:
    """Note that the legal adviser confirmed these rates on the day; returns how many."""
    if not adviser.strip():
        raise Invalid("Name the adviser.", field="adviser", rule="a_review_names_its_adviser")
    chosen = list(TaxRate.objects.select_for_update().filter(pk__in=[row.pk for row in rows]).order_by("pk"))
    for row in chosen:
        row.reviewed_on = reviewed_on
    TaxRate.objects.bulk_update(chosen, ["reviewed_on"])
    payload = {"reviewed_on": reviewed_on, "adviser": adviser.strip()}
    record_all(events.TAX_RATES_REVIEWED, [Fact(row, payload) for row in chosen], actor=actor, at=now)
    return len(chosen)


@transaction.atomic
def set_nexus(row: TaxRate, *, nexus_from: date | None, actor: User | None, now: datetime) -> TaxRate:
    """Since when we must collect a US state's tax; None: no duty there."""
    row = TaxRate.objects.select_for_update().get(pk=row.pk)
    if row.country != "US":
        raise Refused("Only US states know nexus.", field="nexus_from", rule="nexus_is_american")
    changes = edits.apply(row, {"nexus_from": nexus_from})
    if changes:
        row.save(update_fields=["nexus_from"])
        record(events.NEXUS_SET, row, actor=actor, at=now, changes=changes)
    return row


@transaction.atomic
def load_tax_rates(
    rows: Iterable[Mapping[str, Any]], *, actor: User | None, now: datetime
) -> tuple[int, int]:
    """Bring in reference rates; returns (added, already there). What people entered is never overwritten.

    A row is the fields of TaxRate. One whose days overlap with an entered rate of the class is left out.
    Running it twice changes nothing.
    """
    present: dict[tuple[str, str, str], list[tuple[date, date]]] = {}
    for one in TaxRate.objects.select_for_update():
        key = (one.country, one.state_code, one.tax_class)
        present.setdefault(key, []).append((one.valid_from, one.valid_to or date.max))
    made, known = [], 0
    for values in rows:
        _check_rate(values["tax_class"], values["category"], values["rate"], values["source"])
        key = (values["country"], values["state_code"], values["tax_class"])
        first, last = values["valid_from"], values["valid_to"] or date.max
        if any(first <= end and begin <= last for begin, end in present.get(key, [])):
            known += 1
            continue
        present.setdefault(key, []).append((first, last))
        made.append(TaxRate(**values))
    TaxRate.objects.bulk_create(made)
    record_all(
        events.TAX_RATES_LOADED,
        [Fact(row, {"rate": row.rate, "source": row.source}) for row in made],
        actor=actor,
        at=now,
    )
    return len(made), known


def _check_item(item: Item) -> None:
    if not item.code or not item.name.strip():
        raise Invalid(
            "An item has a code and a name.", field="name" if item.code else "code", rule="an_item_is_named"
        )
    if item.tax_class not in TaxClass.values:
        raise Invalid(f"“{item.tax_class}” is not a tax class.", field="tax_class", rule="tax_class_is_known")
    if item.tax_class == TaxClass.EXEMPT and not item.exemption_reason.strip():
        raise Invalid(
            "An exempt item says why it is exempt.",
            field="exemption_reason",
            rule="an_exempt_item_has_a_reason",
            mend="Name the provision, for example Art. 132(1)(i) Directive 2006/112/EC.",
        )
    if item.hsn and not (item.hsn.isdigit() and len(item.hsn) in (4, 6, 8)):
        raise Invalid(
            "An HSN or SAC has 4, 6 or 8 digits.", field="hsn", rule="hsn_is_digits", mend="Like 998314."
        )


def _check_rate(tax_class: str, category: str, rate: Decimal, source: str) -> None:
    if tax_class not in TaxClass.values or tax_class == TaxClass.EXEMPT:
        raise Invalid(f"“{tax_class}” has no rate.", field="tax_class", rule="tax_class_is_known")
    if category not in CATEGORIES:
        raise Invalid(f"“{category}” is not a category.", field="category", rule="tax_category_is_known")
    if not 0 <= rate <= 100:
        raise Invalid("A rate is 0 to 100 percent.", field="rate", rule="a_tax_rate_is_a_percentage")
    if (tax_class == TaxClass.ZERO) != (rate == 0):
        raise Invalid(
            "Only the zero class has the rate 0.", field="rate", rule="zero_rates_have_their_class",
            mend="Choose the class “Zero rated”.",
        )  # fmt: skip
    if not source.strip():
        raise Invalid("Name the source of the rate.", field="source", rule="a_tax_rate_has_a_source")
