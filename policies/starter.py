"""What a new policy begins with: the usual terms, every clause written, ready to be changed."""

from decimal import Decimal
from typing import Any

from policies.rules import DEFAULT_LADDER, Clauses, Interest, Tolerance, to_json

TEXTS = {
    "scope": "This policy is for business customers. It covers every invoice that names it.",
    "overpayment": "If you pay too much, we use it for your next invoice or repay it within 14 days.",
    "suspension": "We may suspend service 45 days after the due date. We warn you in writing 10 days before.",
    "payment_plans": "Ask us before the second reminder and we agree on up to three monthly parts.",
    "tax": "We charge the tax the law asks for. Send certificates of exemption before the invoice is issued.",
    "delivery": "We send invoices by e-mail to the address you gave us for invoices.",
    "data_protection": "We keep your billing data as long as tax law asks, and use it for billing alone.",
    "contacts": "The address for questions and disputes is on each invoice.",
    "law": "The law of the country of the invoicing company applies, and its courts decide.",
}


def clauses(currency: str = "EUR") -> dict[str, Any]:
    """Net 30, moved off days off; the usual ladder; statutory interest; small differences let go."""
    return to_json(
        Clauses(
            terms="NET 30/F",
            late_interest=Interest("EU", Decimal(8), "EU"),
            ladder=DEFAULT_LADDER,
            tolerance=Tolerance(Decimal(1), Decimal(1)),
            currency=currency,
            texts=TEXTS,
        )
    )
