"""The company itself: legal data, logo, who sees it, its tax numbers."""

import re
from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from django.core.files.base import ContentFile
from django.db import transaction

from core import edits
from core.errors import Invalid, Refused
from core.money import exponent
from entities import events, logos, queries, rules
from entities.models import Access, Entity, TaxRegistration
from team.models import User
from trail.operations import record
from trail.queries import check_version

COUNTRIES = frozenset(
    code for code in map(str, Locale("en").territories) if re.fullmatch("[A-Z]{2}", code)
) - {
    "EU", "UN", "ZZ", "XA", "XB", "EZ", "QO",
}  # fmt: skip
EDITABLE = (
    "name", "legal_name", "address_lines", "postal_code", "city", "country", "state_code", "email", "phone",
    "website", "registration_text", "language", "time_zone", "functional_currency", "fiscal_year_start_month",
    "tax_rounding", "discount_adjusts_tax", "bad_debt_relief", "holiday_region", "opens", "closes", "colour",
    "delivery_channel", "is_active",
)  # fmt: skip
# What books and numbers already rest on: fixed once the first document has a number.
_FIXED = ("country", "functional_currency", "fiscal_year_start_month")


@transaction.atomic
def add_entity(
    *, code: str, actor: User | None, now: datetime, is_demo: bool = False, **values: Any
) -> Entity:
    """A new selling company. `values` are the fields of EDITABLE."""
    entity = Entity(code=code.strip().upper(), is_demo=is_demo, **values)
    if Entity.objects.filter(code=entity.code).exists():
        raise Refused(
            f"A company has the code {entity.code} already.", field="code", rule="a_code_is_used_once"
        )
    _check_entity(entity)
    entity.save(force_insert=True)
    record(events.ENTITY_ADDED, entity, actor=actor, at=now, code=entity.code, country=entity.country)
    return entity


@transaction.atomic
def edit_entity(
    entity: Entity, *, actor: User | None, now: datetime, expected_version: int | None = None, **values: Any
) -> Entity:
    """Change legal data and settings. Issued documents keep what they were issued with."""
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    check_version(entity, expected_version, fields=EDITABLE)
    changes = edits.apply(entity, {name: value for name, value in values.items() if name in EDITABLE})
    if not changes:
        return entity
    _check_entity(entity)
    fixed = [name for name in _FIXED if name in changes]
    if fixed and entity.series.filter(last_issued_on__isnull=False).exists():
        raise Refused(
            f"{entity} has issued documents, so its {fixed[0].replace('_', ' ')} stays as it is.",
            field=fixed[0],
            rule="books_keep_their_currency_country_and_year",
            mend="Set up another company.",
        )
    entity.lock_version += 1
    entity.save(update_fields=[*changes, "lock_version"])
    record(events.ENTITY_EDITED, entity, actor=actor, at=now, changes=changes)
    return entity


@transaction.atomic
def set_logo(entity: Entity, data: bytes, *, actor: User | None, now: datetime) -> Entity:
    """Store the picture, re-encoded, as the logo of new documents; empty `data` removes it."""
    clean = logos.reencode(data) if data else b""
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    before = entity.logo.name or ""
    # The old file stays: documents already issued show it.
    entity.logo = ContentFile(clean, name=f"{entity.code.lower()}.png") if clean else ""
    entity.lock_version += 1
    entity.save(update_fields=["logo", "lock_version"])
    record(
        events.LOGO_CHANGED, entity, actor=actor, at=now, changes={"logo": (before, entity.logo.name or "")}
    )
    return entity


@transaction.atomic
def set_access(user: User, *, entities: Collection[Entity], actor: User | None, now: datetime) -> None:
    """Restrict the person to these companies; none given lifts the restriction: they see all."""
    list(User.objects.select_for_update().filter(pk=user.pk))
    before = list(Entity.objects.filter(access__user=user))
    Access.objects.filter(user=user).delete()
    Access.objects.bulk_create(Access(user=user, entity=entity) for entity in entities)
    changes = {"entities": (_codes(before), _codes(entities))}
    record(events.ACCESS_CHANGED, user, actor=actor, at=now, changes=changes)


@transaction.atomic
def add_registration(
    entity: Entity,
    *,
    scheme: str,
    country: str,
    number: str,
    valid_from: date,
    actor: User | None,
    now: datetime,
    valid_to: date | None = None,
    state_code: str = "",
) -> TaxRegistration:
    """A tax number of the company, checked by format and check digit. `Invalid` names the likely mend."""
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    number, state_code = _checked_tax_number(scheme, country, number, state_code)
    if valid_to is not None and valid_to < valid_from:
        raise Invalid(
            "It ends before it begins.", field="valid_to", rule="a_tax_registration_ends_after_it_begins"
        )
    same = entity.tax_registrations.filter(scheme=scheme, country=country, state_code=state_code)
    clash = [
        row
        for row in same
        if (valid_to is None or row.valid_from <= valid_to)
        and (row.valid_to is None or row.valid_to >= valid_from)
    ]
    if clash:
        raise Refused(
            f"{clash[0].number} is valid in those days already.",
            field="valid_from",
            rule="one_tax_number_per_scheme_and_place",
            mend="End the older number first.",
        )
    row = TaxRegistration.objects.create(
        entity=entity,
        scheme=scheme,
        country=country,
        state_code=state_code,
        number=number,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    record(events.REGISTRATION_ADDED, entity, actor=actor, at=now, scheme=scheme, number=number)
    return row


@transaction.atomic
def end_registration(
    row: TaxRegistration, *, valid_to: date, actor: User | None, now: datetime
) -> TaxRegistration:
    """The last day on which the tax number is used."""
    row = TaxRegistration.objects.select_for_update().get(pk=row.pk)
    if valid_to < row.valid_from:
        raise Invalid(
            "It ends before it begins.", field="valid_to", rule="a_tax_registration_ends_after_it_begins"
        )
    changes = {"valid_to": (row.valid_to, valid_to)}
    row.valid_to = valid_to
    row.save(update_fields=["valid_to"])
    record(events.REGISTRATION_ENDED, row.entity, actor=actor, at=now, changes=changes, number=row.number)
    return row


def _check_entity(entity: Entity) -> None:
    """Refuse legal data a document could not carry."""
    for name in ("code", "name", "legal_name", "city", "email"):
        if not getattr(entity, name).strip():
            raise Invalid(
                f"The {name.replace('_', ' ')} is missing.", field=name, rule="legal_data_is_complete"
            )
    if entity.country not in COUNTRIES:
        raise Invalid(
            f"“{entity.country}” is not a country code.",
            field="country",
            rule="country_is_a_code",
            mend="Like IE.",
        )
    exponent(entity.functional_currency)
    check_hours(
        time_zone=entity.time_zone,
        holiday_region=entity.holiday_region or entity.country,
        opens=entity.opens,
        closes=entity.closes,
    )
    if not 1 <= entity.fiscal_year_start_month <= 12:
        raise Invalid(
            "Choose a month.", field="fiscal_year_start_month", rule="a_fiscal_year_starts_in_a_month"
        )
    if entity.country == "IN" and entity.state_code not in rules.GST_STATES:
        raise Invalid(
            "An Indian company has a two-digit GST state.",
            field="state_code",
            rule="gst_state_is_known",
            mend="For example 29 for Karnataka.",
        )
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", entity.colour):
        raise Invalid(
            "A colour is # and six digits.", field="colour", rule="colour_is_hex", mend="Like #4f46e5."
        )


def check_hours(*, time_zone: str, holiday_region: str, opens: time, closes: time) -> None:
    """Refuse office hours no clock could run in."""
    if closes <= opens:
        raise Invalid("The office closes after it opens.", field="closes", rule="business_hours_in_order")
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as fault:
        raise Invalid(
            f"“{time_zone}” is not a time zone.",
            field="time_zone",
            rule="time_zone_is_known",
            mend="Use a name like Europe/Dublin.",
        ) from fault
    queries.region_calendar(holiday_region)


def _checked_tax_number(scheme: str, country: str, number: str, state_code: str) -> tuple[str, str]:
    """The number as it is written and the state it belongs to, or `Invalid` with the mend."""
    if country not in COUNTRIES:
        raise Invalid(f"“{country}” is not a country code.", field="country", rule="country_is_a_code")
    if scheme == "GSTIN":
        found = rules.gstin(number)
        if not found.valid and not found.review:
            raise Invalid(
                f"{found.number} is not a GSTIN: its {found.reason} is wrong.",
                field="number",
                rule="gstin_is_well_formed",
                mend=f"Did you mean {found.suggestion}?"
                if found.suggestion
                else "Compare it with the certificate.",
            )
        return found.number, found.state or state_code
    if scheme == "VAT":
        checked = rules.vat_id(number, country=country)
        if not checked.valid:
            raise Invalid(checked.message, field="number", rule="vat_id_is_well_formed", mend=checked.mend)
        return checked.number, state_code
    if scheme == "LUT":
        if country != "IN" or not re.fullmatch(r"[A-Za-z0-9/-]{6,40}", number.strip()):
            raise Invalid(
                "A letter of undertaking has the reference number (ARN) of the Indian portal.",
                field="number",
                rule="lut_is_well_formed",
                mend="Like AD290324001234X.",
            )
        return number.strip().upper(), state_code
    if scheme != "EIN" or not re.fullmatch(r"\d{2}-?\d{7}", number.strip()):
        raise Invalid(
            "An employer identification number has nine digits.",
            field="number",
            rule="ein_is_well_formed",
            mend="Like 12-3456789.",
        )
    digits = number.strip().replace("-", "")
    return f"{digits[:2]}-{digits[2:]}", state_code


def _codes(entities: Collection[Entity]) -> str:
    return ", ".join(sorted(entity.code for entity in entities)) or "all"
