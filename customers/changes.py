"""Changes of bank data, terms and credit limit: what may be proposed, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.errors import Invalid
from core.money import amount
from core.terms import parse_terms
from entities import rules as entity_rules

CHANGE_NEXT: dict[str, frozenset[str]] = {
    "pending": frozenset({"applied", "rejected"}),
    "applied": frozenset(),
    "rejected": frozenset(),
}
CHANGE_SUBJECTS = ("bank", "terms", "credit_limit")
BANK_FIELDS = ("holder", "iban", "bic", "account_number", "routing")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


def clean_change(subject: str, proposed: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """The proposed values of a change as plain JSON. Raises `Invalid` naming field, reason and mend.

    bank: holder and IBAN, or account number with routing; terms: terms_override (grammar of `core.terms`)
    and payment_policy (id or None); credit_limit: an amount in `currency`, or None for no limit.
    """
    if subject == "bank":
        return _clean_bank(proposed)
    if subject == "terms":
        text = str(proposed.get("terms_override") or "").strip()
        policy = proposed.get("payment_policy")
        return {
            "terms_override": str(parse_terms(text)) if text else "",
            "payment_policy": int(policy) if policy else None,
        }
    if subject == "credit_limit":
        return {"credit_limit": _clean_limit(proposed.get("credit_limit"), currency)}
    raise Invalid(
        f"“{subject}” is not changed this way.",
        field="subject",
        rule="change_subject_is_known",
        mend=f"Choose one of: {', '.join(CHANGE_SUBJECTS)}.",
    )


def _clean_bank(proposed: Mapping[str, Any]) -> dict[str, str]:
    values = {name: " ".join(str(proposed.get(name) or "").split()) for name in BANK_FIELDS}
    if not values["holder"]:
        raise Invalid(
            "The account holder is missing.",
            field="holder",
            rule="bank_has_a_holder",
            mend="Enter it as on the letter.",
        )
    if values["iban"]:
        found = entity_rules.iban(values["iban"])
        if not found.valid:
            raise Invalid(found.message, field="iban", rule="iban_is_valid", mend=found.mend)
        values["iban"] = found.number
    elif not values["account_number"]:
        raise Invalid(
            "The account has no number.",
            field="iban",
            rule="bank_has_a_number",
            mend="Enter an IBAN, or account number and routing.",
        )
    elif not values["routing"]:
        raise Invalid(
            "An account number alone does not name the bank.",
            field="routing",
            rule="bank_has_a_routing",
            mend="Enter the IFSC, ABA or sort code.",
        )
    values["bic"] = values["bic"].replace(" ", "").upper()
    if values["bic"] and not _BIC.fullmatch(values["bic"]):
        raise Invalid(
            f"“{values['bic']}” is not a BIC.",
            field="bic",
            rule="bic_is_valid",
            mend="It has 8 or 11 characters, like COBADEFFXXX; with an IBAN it may stay empty.",
        )
    return values


def _clean_limit(raw: Any, currency: str) -> str | None:
    if raw is None or str(raw).strip() == "":
        return None
    # Plain digits only: an exponent like 1e999999999 would keep exact arithmetic busy for hours.
    if not re.fullmatch(r"-?\d{1,20}(\.\d{1,6})?", str(raw).strip(), re.ASCII):
        raise Invalid(
            f"“{str(raw)[:40]}” is not an amount.",
            field="credit_limit",
            rule="credit_limit_is_an_amount",
            mend="Write it like 25000.00.",
        )
    limit = amount(str(raw).strip(), currency, field="credit_limit")
    if limit < 0:
        raise Invalid(
            "A credit limit is not negative.",
            field="credit_limit",
            rule="credit_limit_is_not_negative",
            mend="Enter 0 to sell against prepayment only; leave it empty for no limit.",
        )
    if limit >= Decimal(10) ** 15:
        raise Invalid(
            "A credit limit has at most 15 digits.",
            field="credit_limit",
            rule="credit_limit_has_few_digits",
            mend="Check the amount.",
        )
    return format(limit, "f")


def same_number(one: str, other: str) -> bool:
    """Whether two phone numbers are the same but for spaces, dashes and the way the country is written."""
    left, right = (re.sub(r"\D", "", re.sub(r"\(0\)", "", text.strip())).lstrip("0") for text in (one, other))
    return bool(left) and left == right


def masked(number: str) -> str:
    """All but the last four characters hidden."""
    compact = number.replace(" ", "")
    return f"•••• {compact[-4:]}" if compact else ""


def masked_bank(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bank values for those who may not see them in full; the rest of the mapping is kept."""
    hidden = ("iban", "account_number", "routing", "bic")
    return {name: masked(str(value)) if name in hidden and value else value for name, value in values.items()}
