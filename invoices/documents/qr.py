"""Payment QR codes: EPC069-12 for euro credit transfers, UPI links for rupees.

A code that a banking app would misread is worse than none, so each maker refuses with the reason instead.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import segno
from stdnum import iban as iban_numbers
from stdnum.iso11649 import is_valid as is_creditor_reference

from core import sepa
from core.errors import Invalid

_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_VPA = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_EPC_NAME, _EPC_TEXT, _EPC_BYTES, _EPC_VERSION = 70, 140, 331, 13
_EPC_MOST = Decimal("999999999.99")


class NoPaymentCode(Invalid):
    """No payment code fits this document; the message says why."""


@dataclass(frozen=True)
class PaymentCode:
    """`kind` is "epc" or "upi"; `payload` is what a scanner reads."""

    kind: str
    payload: str

    def png(self, *, scale: int = 4, border: int = 4) -> bytes:
        """A black and white PNG, `scale` pixels a module; `border` is the quiet zone in modules."""
        # Level M without boosting, as the EPC asks; the mask is fixed because choosing the best of eight
        # costs four times the rest and no reader needs it.
        code = segno.make_qr(self.payload, error="m", encoding="utf-8", boost_error=False, mask=2)
        out = io.BytesIO()
        code.save(out, kind="png", scale=scale, border=border)
        return out.getvalue()

    def data_uri(self, *, scale: int = 4, border: int = 4) -> str:
        """The PNG as a data: address, for pages and documents that may load nothing from outside."""
        return "data:image/png;base64," + base64.b64encode(self.png(scale=scale, border=border)).decode()


def epc_code(
    *, holder: str, iban: str, bic: str, amount: Decimal, currency: str, reference: str
) -> PaymentCode:
    """A SEPA credit transfer. `reference` goes into the structured field when it is an ISO 11649 number."""
    account = iban_numbers.compact(iban or "")
    bank = (bic or "").replace(" ", "").upper()
    _refuse_unless(currency == "EUR", f"A SEPA transfer carries euro, not {currency}.", "currency")
    _refuse_unless(iban_numbers.is_valid(account), "The bank account has no valid IBAN.", "iban")
    _refuse_unless(account[:2] in sepa.COUNTRIES, f"{account[:2]} is outside the SEPA area.", "iban")
    _refuse_unless(not bank or bool(_BIC.fullmatch(bank)), "The BIC has 8 or 11 letters and digits.", "bic")
    _refuse_unless(Decimal("0.01") <= amount <= _EPC_MOST, "A transfer is 0.01 to 999,999,999.99.", "amount")
    _refuse_unless(amount == amount.quantize(Decimal("0.01")), "Euro amounts have two decimals.", "amount")
    _refuse_unless(not _CONTROL.search(holder + reference), "A line break splits the code's fields.", "name")
    _refuse_unless(bool(holder.strip()), "The account holder has no name.", "holder")
    structured = reference if is_creditor_reference(reference) else ""
    free = "" if structured else reference
    _refuse_unless(len(free) <= _EPC_TEXT, "The reference is longer than 140 characters.", "reference")
    lines = ["BCD", "002", "1", "SCT", bank, holder.strip()[:_EPC_NAME], account, f"EUR{amount:.2f}"]
    payload = "\n".join([*lines, "", structured.replace(" ", ""), free]).rstrip("\n")
    _refuse_unless(len(payload.encode()) <= _EPC_BYTES, "The code would exceed 331 bytes.", "reference")
    return PaymentCode("epc", payload)


def upi_code(*, upi_id: str, name: str, amount: Decimal, currency: str, reference: str) -> PaymentCode:
    """A UPI payment link (`upi://pay?...`) with payee, amount and the document's number as the note."""
    _refuse_unless(currency == "INR", f"UPI carries rupees, not {currency}.", "currency")
    _refuse_unless(bool(_VPA.fullmatch(upi_id or "")), "The UPI id looks like name@bank.", "upi_id")
    _refuse_unless(amount > 0, "There is nothing to pay.", "amount")
    _refuse_unless(amount == amount.quantize(Decimal("0.01")), "Rupee amounts have two decimals.", "amount")
    _refuse_unless(not _CONTROL.search(name + reference), "A line break is not allowed here.", "name")
    # The transaction reference takes letters and digits only; the note keeps the number as printed.
    fields = {
        "pa": upi_id,
        "pn": name.strip()[:80],
        "am": f"{amount:.2f}",
        "cu": "INR",
        "tr": re.sub(r"[^A-Za-z0-9]", "", reference)[:35],
        "tn": reference[:80],
    }
    query = "&".join(f"{key}={quote(value, safe='@')}" for key, value in fields.items() if value)
    return PaymentCode("upi", f"upi://pay?{query}")


def payment_code(snapshot: dict[str, Any], *, amount: Decimal | None = None) -> PaymentCode:
    """The code for a document, over `amount` (what is still open) or else what the document asks for."""
    payment = snapshot.get("payment") or {}
    bank = payment.get("bank") or {}
    open_amount = Decimal(snapshot["totals"]["due"]) if amount is None else amount
    payable = snapshot["document_type"] in {"invoice", "debit_note", "deposit"}
    _refuse_unless(payable, "This document asks for no payment.", "document_type")
    _refuse_unless(open_amount > 0, "There is nothing to pay.", "amount")
    seller = snapshot["seller"]["legal_name"] or snapshot["seller"]["name"]
    reference = payment.get("reference") or snapshot.get("number") or ""
    if snapshot["currency"] == "INR" and payment.get("upi_id"):
        return upi_code(
            upi_id=payment["upi_id"], name=seller, amount=open_amount, currency="INR", reference=reference
        )
    return epc_code(
        holder=bank.get("holder") or seller,
        iban=bank.get("iban") or "",
        bic=bank.get("bic") or "",
        amount=open_amount,
        currency=snapshot["currency"],
        reference=reference,
    )


def _refuse_unless(holds: bool, reason: str, field: str) -> None:
    if not holds:
        raise NoPaymentCode(reason, field=field, rule="payment-code")
