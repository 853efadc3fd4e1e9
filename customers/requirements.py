"""What customers may require of a document: the kinds, their parameters, and what a document misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from core.errors import Invalid
from customers import checks
from customers.parameters import Parameter, read_all

SEVERITIES = ("block", "warn", "info")
DELIVERY_CHANNELS = tuple(checks.CHANNELS.items())


@dataclass(frozen=True)
class Kind:
    """One kind of requirement: its words, its parameters, and the check of a document.

    `several`: two of them can stand beside each other at one level (two texts, two sets of files).
    """

    code: str
    label: str
    about: str
    check: checks.Check
    parameters: tuple[Parameter, ...] = ()
    several: bool = False


def _kinds(*kinds: Kind) -> dict[str, Kind]:
    return {kind.code: kind for kind in kinds}


_PATTERN = Parameter(
    "pattern", "pattern", "Pattern", hint=r"A regular expression for the whole number, like 45\d{8}"
)

REQUIREMENT_KINDS: dict[str, Kind] = _kinds(
    Kind(
        "po_required",
        "Purchase order",
        "Every invoice names a purchase order.",
        checks.po_required,
        (
            _PATTERN,
            Parameter("number", "text", "Order in force", hint="Empty when the number differs per invoice"),
            Parameter("po_valid_to", "day", "Order valid until"),
            Parameter("value", "amount", "Value of the order", hint="Net; warns from 80 %, blocks above"),
            Parameter("value_currency", "currency", "Currency of the order"),
        ),
    ),
    Kind("po_per_line", "Order on every line", "Each line names its order.", checks.po_per_line, (_PATTERN,)),
    Kind(
        "cost_centre",
        "Cost centre",
        "A cost centre, project or account code of the customer.",
        checks.cost_centre,
        (
            _PATTERN,
            Parameter("allowed", "words", "Known codes", hint="Separated by commas; empty allows any"),
        ),
    ),
    Kind(
        "buyer_reference",
        "Buyer reference",
        "The reference the customer routes invoices by (BT-10, Leitweg-ID).",
        checks.buyer_reference,
        (
            Parameter(
                "format",
                "choice",
                "Format",
                choices=(("any", "Any text"), ("leitweg", "Leitweg-ID (Germany)")),
            ),
            Parameter("value", "text", "Always this one"),
            _PATTERN,
        ),
    ),
    Kind(
        "contract_number",
        "Contract number",
        "The contract that the invoice bills.",
        checks.contract_number,
        (Parameter("number", "text", "Always this one"), _PATTERN),
    ),
    Kind(
        "attachment_required",
        "Attachments",
        "Files that go with the invoice.",
        checks.attachment_required,
        (
            Parameter("kinds", "choices", "Files", required=True, choices=tuple(checks.ATTACHMENTS.items())),
            Parameter("max_mb", "number", "Largest file in MB", low=1, high=100),
        ),
        several=True,
    ),
    Kind(
        "delivery_channel",
        "Delivery channel",
        "How invoices must arrive.",
        checks.delivery_channel,
        (
            Parameter("channel", "choice", "Channel", required=True, choices=DELIVERY_CHANNELS),
            Parameter("address", "text", "Address", hint="Inbox, portal or Peppol participant; no passwords"),
        ),
    ),
    Kind(
        "language",
        "Language",
        "The language of the document.",
        checks.language,
        (Parameter("language", "language", "Language", required=True, hint="Like de or pt-BR"),),
    ),
    Kind(
        "currency",
        "Currency",
        "The currency the customer is billed in.",
        checks.currency,
        (Parameter("currency", "currency", "Currency", required=True, hint="Like EUR"),),
    ),
    Kind(
        "consolidated_invoice",
        "One invoice a month",
        "Everything of a month on one invoice.",
        checks.consolidated_invoice,
    ),
    Kind(
        "cut_off_day",
        "Cut-off day",
        "Received by this day, else it counts for the next month.",
        checks.cut_off_day,
        (Parameter("day", "number", "Last day of the month", required=True, low=1, high=28),),
    ),
    Kind(
        "no_invoices_in_month",
        "Closed months",
        "Months in which no invoice is accepted.",
        checks.no_invoices_in_month,
        (Parameter("months", "choices", "Months", required=True, choices=checks.MONTHS),),
    ),
    Kind(
        "line_detail",
        "Detail on every line",
        "What each line must show.",
        checks.line_detail,
        (Parameter("fields", "choices", "Each line shows", required=True, choices=checks.LINE_FIELDS),),
    ),
    Kind(
        "custom_text",
        "Text on the document",
        "A sentence that must be printed.",
        checks.custom_text,
        (Parameter("text", "text", "Text", required=True),),
        several=True,
    ),
    Kind("e_signature", "Electronic signature", "The document is signed.", checks.e_signature),
    Kind(
        "delivery_address",
        "Delivery address",
        "The document shows where the supply went.",
        checks.delivery_address,
    ),
    Kind(
        "quantity_decimals",
        "Decimals of quantities",
        "How many decimals the customer's system reads.",
        checks.quantity_decimals,
        (Parameter("places", "number", "Decimals", required=True, low=0, high=6),),
    ),
    Kind("self_billing", "Self-billing", "The customer writes the invoices itself.", checks.self_billing),
)


@dataclass(frozen=True)
class RequirementFacts:
    """A requirement as the check needs it. `id` and `source` are passed through to what it finds."""

    kind: str
    severity: str = "block"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    valid_to: date | None = None
    source: str = ""
    id: int | None = None


def clean_parameters(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a kind, checked and in their stored form.

    Raises `Invalid` naming each field at fault, with the reason and how to mend it.
    """
    if kind not in REQUIREMENT_KINDS:
        raise Invalid(
            f"“{kind}” is not a requirement this system can check.",
            field="kind",
            rule="requirement_kind_is_known",
            mend=f"Choose one of: {', '.join(REQUIREMENT_KINDS)}.",
        )
    return read_all(REQUIREMENT_KINDS[kind].parameters, given)


def check_requirements(
    requirements: Iterable[RequirementFacts], document: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What of the customer's requirements the document does not meet: {rule, field, severity, message, mend}.

    Each finding also names its `requirement` id and `source`. Blocking ones come first. A requirement that
    itself ends within 30 days of the issue day adds an information. The document's keys: see `checks`.
    """
    found = [finding for requirement in requirements for finding in _findings(requirement, document)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding["severity"]))


def _findings(requirement: RequirementFacts, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind = REQUIREMENT_KINDS[requirement.kind]
    faults = list(kind.check(requirement.parameters, document))
    if document.get("issued_on") and requirement.valid_to:
        left = requirement.valid_to - _day(document["issued_on"])
        if left <= checks.EXPIRY_NOTICE:
            faults.append(
                checks.Fault(
                    "",
                    f"“{kind.label}” is required until {requirement.valid_to.isoformat()} only.",
                    "Ask the customer whether it goes on.",
                    "info",
                )
            )
    return [
        {
            "rule": f"customer.{kind.code}",
            "field": fault.field,
            "severity": _milder(requirement.severity, fault.severity),
            "message": fault.message,
            "mend": fault.mend,
            "requirement": requirement.id,
            "source": requirement.source,
        }
        for fault in faults
    ]


def _milder(own: str, fault: str) -> str:
    """A notice is never harsher than the requirement it belongs to."""
    return max(own, fault or own, key=SEVERITIES.index)


class Levelled(Protocol):
    """A requirement that hangs at one level; ids are None elsewhere."""

    kind: str
    customer_id: int | None
    segment_id: int | None
    entity_id: int | None


R = TypeVar("R", bound=Levelled)


def level_of(requirement: Levelled) -> str:
    """Where it hangs: customer, segment, company or everywhere."""
    if requirement.customer_id:
        return "customer"
    if requirement.segment_id:
        return "segment"
    return "company" if requirement.entity_id else "everywhere"


LEVELS = ("customer", "segment", "company", "everywhere")


def most_specific(requirements: Sequence[R]) -> list[R]:
    """Per kind those of the most specific level, in the order of the kinds."""
    nearest: dict[str, int] = {}
    for one in requirements:
        depth = LEVELS.index(level_of(one))
        nearest[one.kind] = min(nearest.get(one.kind, depth), depth)
    order = {code: at for at, code in enumerate(REQUIREMENT_KINDS)}
    kept = [one for one in requirements if LEVELS.index(level_of(one)) == nearest[one.kind]]
    return sorted(kept, key=lambda one: order.get(one.kind, len(order)))


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
