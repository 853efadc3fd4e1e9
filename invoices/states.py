"""What a document may become next, and what settles it. The operation asks these tables."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core.errors import Refused

DRAFT, PENDING, APPROVED = "draft", "pending_approval", "approved"
ISSUED, CANCELLED, DISCARDED = "issued", "cancelled", "discarded"

# A document that is issued is never edited: it is cancelled by a full credit note, and keeps its number.
NEXT: Mapping[str, frozenset[str]] = {
    DRAFT: frozenset((PENDING, DISCARDED)),
    PENDING: frozenset((APPROVED, DRAFT)),
    APPROVED: frozenset((ISSUED, DRAFT)),
    ISSUED: frozenset((CANCELLED,)),
    CANCELLED: frozenset(),
    DISCARDED: frozenset(),
}
_WORDS = {
    DRAFT: "a draft",
    PENDING: "waiting for approval",
    APPROVED: "approved",
    ISSUED: "issued",
    CANCELLED: "cancelled",
    DISCARDED: "discarded",
}
_MENDS = {
    ISSUED: "An issued document stays as it is: write a credit note.",
    CANCELLED: "Write a new invoice.",
    DISCARDED: "Write a new draft.",
    PENDING: "Withdraw it or wait for the decision.",
    APPROVED: "Return it to draft first; its approval is then void.",
}


def check_next(status: str, wanted: str) -> None:
    """Refuse (`Refused`, rule document_status_next) a step that the table does not have."""
    if wanted not in NEXT[status]:
        raise Refused(
            f"The document is {_WORDS[status]}; it cannot become {_WORDS[wanted]}.",
            field="document_status",
            rule="document_status_next",
            mend=_MENDS.get(status, "Submit it for approval first."),
        )


def settlement_status(
    payable: Decimal,
    *,
    paid: Decimal = Decimal(0),
    credited: Decimal = Decimal(0),
    written_off: Decimal = Decimal(0),
) -> str:
    """How a document stands, from what was allocated to it: payments (with discounts and small differences),
    credit notes, write-offs. Never typed in by anyone.
    """
    closed = paid + credited + written_off
    if closed < payable:
        return "part_paid" if closed > 0 else "open"
    if credited == closed and closed:
        return "credited"
    if written_off == closed and closed:
        return "written_off"
    return "mixed_closed" if credited or written_off else "paid"
