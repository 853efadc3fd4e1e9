"""What a check is, and how a document is read by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Any, Literal

from catalogue.rules import EU
from core.errors import Problem, problem

Severity = Literal["block", "warn"]
ZERO = Decimal(0)


@dataclass(frozen=True)
class Document:
    """A snapshot (see the frozen schema, version 1), the day it is checked, and whether it is issued already.

    Every read copes with what is missing: a check must find an empty field, not fall over it.
    """

    snapshot: Mapping[str, Any]
    today: date
    issued: bool = False

    def text(self, *path: str) -> str:
        """The stripped text at a path of keys, "" where there is none."""
        value: Any = self.snapshot
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return "" if value is None else str(value).strip()

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """A list of the snapshot: lines, tax_groups, allowances, charges, instalments."""
        return list(self.snapshot.get(name) or ())

    def amount(self, *path: str) -> Decimal:
        """The amount at a path, 0 where there is none."""
        return number(self.text(*path))

    def day(self, *path: str) -> date | None:
        """The day at a path, None where there is none or it is no date."""
        return day(self.text(*path))

    @cached_property
    def dated(self) -> date:
        """The issue date, today while there is none: it decides which rules hold."""
        return self.day("issued_on") or self.today

    @cached_property
    def kind(self) -> str:
        """invoice, credit_note, debit_note, proforma or deposit."""
        return self.text("document_type") or "invoice"

    @cached_property
    def seller_country(self) -> str:
        """The seller's country, two letters."""
        return self.text("seller", "country").upper()

    @cached_property
    def categories(self) -> frozenset[str]:
        """The tax categories of the document."""
        rows = (*self.rows("lines"), *self.rows("tax_groups"))
        return frozenset({str(row["category"]) for row in rows if row.get("category")})

    def tax_ids(self, party: str, scheme: str) -> list[str]:
        """The tax numbers of seller or buyer under a scheme (VAT, GSTIN)."""
        ids = (self.snapshot.get(party) or {}).get("tax_ids") or ()
        return [
            str(entry["number"]) for entry in ids if entry.get("scheme") == scheme and entry.get("number")
        ]

    def says(self, *phrases: str) -> bool:
        """Whether a legal text of the document contains one of the phrases, in any case."""
        printed = " ".join(str(text) for text in self.snapshot.get("texts") or ()).casefold()
        return any(phrase.casefold() in printed for phrase in phrases)


# Gives the places that break the rule, as paths into the snapshot; none = the document passes.
Predicate = Callable[[Document], Iterable[str]]
Applies = Callable[[Document], bool]
Row = Mapping[str, Any]


def any_document(_: Document) -> bool:
    """Applies to every document of the jurisdiction."""
    return True


@dataclass(frozen=True)
class Check:
    """One rule for documents, with its source and the days it is valid on (by issue date, both inclusive)."""

    id: str
    jurisdiction: str
    predicate: Predicate
    severity: Severity
    message: str
    mend: str
    legal_ref: str
    applies_if: Applies = any_document
    valid_from: date | None = None
    valid_to: date | None = None

    def concerns(self, document: Document) -> bool:
        """Whether the rule is in force on the document's date, in its country, for its kind."""
        return self.holds(document.seller_country, document.dated) and self.applies_if(document)

    def holds(self, country: str, on: date) -> bool:
        """Whether the rule is in force on a day in the seller's country."""
        begun = self.valid_from is None or self.valid_from <= on
        ended = self.valid_to is not None and on > self.valid_to
        return begun and not ended and reaches(country, self.jurisdiction)


@dataclass(frozen=True)
class Finding:
    """A rule a document breaks, and where. Stored with the document as `to_json()`."""

    rule: str
    severity: Severity
    field: str
    message: str
    mend: str
    legal_ref: str

    def to_json(self) -> dict[str, str]:
        """As kept with the invoice and given by the API."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "field": self.field,
            "message": self.message,
            "mend": self.mend,
            "legal_ref": self.legal_ref,
        }

    def to_problem(self) -> Problem:
        """As one problem of a refusal."""
        return problem(self.message, field=self.field, rule=self.rule, mend=self.mend)


def in_jurisdiction(document: Document, jurisdiction: str) -> bool:
    """ALL; EU, IN, UK and US by the seller's country."""
    return reaches(document.seller_country, jurisdiction)


def reaches(country: str, jurisdiction: str) -> bool:
    """Whether the rules of a jurisdiction bind a seller of the country."""
    if jurisdiction == "ALL":
        return True
    if jurisdiction == "EU":
        return country in EU or country in ("EL", "XI")
    return country == {"UK": "GB"}.get(jurisdiction, jurisdiction)


def always(condition: Callable[[Document], bool], field: str) -> Predicate:
    """A predicate about one place: broken there when the condition does not hold."""

    def predicate(document: Document) -> Iterator[str]:
        if not condition(document):
            yield field

    return predicate


def each(name: str, condition: Callable[[Row], bool], field: str) -> Predicate:
    """A predicate about every row of a list: broken in `name[i].field` where the condition does not hold."""

    def predicate(document: Document) -> Iterator[str]:
        for index, row in enumerate(document.rows(name)):
            if not condition(row):
                yield f"{name}[{index}].{field}"

    return predicate


def number(value: object) -> Decimal:
    """A number of the snapshot; 0 when it is empty or no finite number."""
    return ZERO if value in (None, "") else _parsed(str(value))


# The rules ask for the same few figures of a document again and again.
@lru_cache(maxsize=1024)
def _parsed(text: str) -> Decimal:
    try:
        result = Decimal(text)
    except InvalidOperation:
        return ZERO
    return result if result.is_finite() else ZERO


def day(value: object) -> date | None:
    """A day of the snapshot; None when it is empty or no date."""
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def filled(value: object) -> bool:
    """Whether there is anything but blanks."""
    return bool(str(value or "").strip())


def full_address(document: Document, party: str) -> bool:
    """A name, and an address of at least two filled lines (street and place)."""
    entry = document.snapshot.get(party) or {}
    lines = [line for line in entry.get("address") or () if filled(line)]
    return filled(entry.get("legal_name") or entry.get("name")) and len(lines) >= 2
