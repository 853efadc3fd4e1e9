"""The gate before issue: rules about content and figures, run on the snapshot of a document.

The same rules audit what was issued. Each has a source and the days it is valid; what they find is kept with
the document. No lawyer has reviewed them: have an adviser confirm them before relying on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from core.errors import Refused
from invoices.checks import _amounts, _eu, _india, _uk_us
from invoices.checks._base import Check, Document, Finding, Severity, in_jurisdiction

__all__ = [
    "CHECKS",
    "Check",
    "Document",
    "Finding",
    "Severity",
    "check_document",
    "in_jurisdiction",
    "refuse_blocked",
]

CHECKS: tuple[Check, ...] = (*_amounts.CHECKS, *_eu.CHECKS, *_india.CHECKS, *_uk_us.CHECKS)


def check_document(
    snapshot: Mapping[str, Any],
    *,
    today: date,
    issued: bool = False,
    checks: Iterable[Check] = CHECKS,
) -> list[Finding]:
    """Everything a document breaks, blocking rules first; empty = it may be issued.

    `snapshot` has the frozen schema; a missing number is a fault only once `issued`. `today` is the day in
    the seller's time zone. Rules are those of the seller's country valid on the issue date.
    """
    document = Document(snapshot, today, issued)
    country, on = document.seller_country, document.dated
    held = _holding(country, on) if checks is CHECKS else [c for c in checks if c.holds(country, on)]
    findings = [
        Finding(check.id, check.severity, place, check.message, check.mend, check.legal_ref)
        for check in held
        if check.applies_if(document)
        for place in check.predicate(document)
    ]
    return sorted(findings, key=lambda finding: finding.severity != "block")


@lru_cache(maxsize=256)
def _holding(country: str, on: date) -> tuple[Check, ...]:
    """The catalogue's rules of a country and day: the same for every document of a batch."""
    return tuple(check for check in CHECKS if check.holds(country, on))


def refuse_blocked(findings: Iterable[Finding], *, overrides: Mapping[str, str] | None = None) -> None:
    """Refuse a document with blocking findings, or with warnings nobody passed on purpose.

    `overrides` gives a reason per rule id for warnings; blocking rules cannot be passed.
    """
    reasons = overrides or {}
    stopping = [
        finding
        for finding in findings
        if finding.severity == "block" or not reasons.get(finding.rule, "").strip()
    ]
    if stopping:
        count = len(stopping)
        what = stopping[0].message if count == 1 else f"{count} things must be put right first."
        raise Refused(
            what,
            field=stopping[0].field,
            rule=stopping[0].rule,
            mend=stopping[0].mend,
            problems=[finding.to_problem() for finding in stopping],
        )
