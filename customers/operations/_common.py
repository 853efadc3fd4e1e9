"""What every write of this app does first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Invalid, Stale
from core.marks import without_marks
from customers.models import Customer
from trail.queries import entries_of


def locked(customer: Customer) -> Customer:
    """The customer's row, locked until the transaction ends."""
    return Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)


def refuse_stale(customer: Customer, expected_version: int | None, shown: Mapping[str, Any]) -> None:
    """Refuse a form that was read before somebody else saved. `shown` are the fields the form holds."""
    if expected_version is None or expected_version == customer.lock_version:
        return
    last = entries_of(customer).first()
    who = str(last.actor) if last and last.actor else "The system"
    raise Stale(
        f"{who} saved {customer} before you.",
        current={name: getattr(customer, name) for name in shown},
        changed_by=who,
        changed_at=last.timestamp if last else None,
    )


def text(value: Any, name: str, label: str, longest: int, *, required: bool = False) -> str:
    """A text a person typed, in one line, not longer than its column."""
    words = " ".join(without_marks(str(value or "")).replace("\0", "").split())
    if required and not words:
        raise Invalid(f"{label} is missing.", field=name, rule=f"{name}_is_given", mend="Fill it in.")
    if len(words) > longest:
        raise Invalid(
            f"{label} has {len(words)} characters; at most {longest} are possible.",
            field=name,
            rule=f"{name}_is_short",
            mend="Shorten it.",
        )
    return words


def paragraph(value: Any, name: str, label: str, longest: int) -> str:
    """A longer text, line breaks kept."""
    words = without_marks(str(value or "")).replace("\0", "").replace("\r\n", "\n").strip()
    if len(words) > longest:
        raise Invalid(
            f"{label} has {len(words)} characters; at most {longest} are possible.",
            field=name,
            rule=f"{name}_is_short",
            mend="Shorten it.",
        )
    return words


def choice(value: Any, name: str, label: str, choices: type) -> str:
    """One of a TextChoices."""
    if value not in choices.values:  # type: ignore[attr-defined]
        offered = ", ".join(choices.values)  # type: ignore[attr-defined]
        raise Invalid(
            f"{label} cannot be “{value}”.",
            field=name,
            rule=f"{name}_is_known",
            mend=f"Choose one of: {offered}.",
        )
    return str(value)
