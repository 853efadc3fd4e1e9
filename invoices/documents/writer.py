"""A snapshot with the words and the number formats of its language: what all outputs share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core import formatting
from core.marks import without_marks
from core.money import exponent

from .labels import EU_COUNTRIES, NO_TAX_REASON, NO_TAX_REASON_OUTSIDE_EU, Words

Snapshot = Mapping[str, Any]

GST_COMPONENTS = ("CGST", "SGST", "UTGST", "IGST", "CESS")
GST_HALVES = frozenset({"CGST", "SGST", "UTGST"})
_NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Embeddings, overrides and isolates can make a printed name or account read differently from its bytes.


class Writer:
    """The snapshot with the words and the locale it is written in."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.s = snapshot
        self.words = Words(str(snapshot.get("language") or "en"))
        self.seller: Mapping[str, Any] = snapshot["seller"]
        self.buyer: Mapping[str, Any] = snapshot["buyer"]
        self.currency = str(snapshot["currency"])
        self.locale = formatting.reader_locale(
            str(snapshot.get("language") or "en"), str(self.seller.get("country") or "")
        )
        self.is_credit = snapshot["document_type"] == "credit_note"

    def money(self, amount: str | Decimal, currency: str = "") -> str:
        return formatting.money(amount, currency or self.currency, self.locale)

    def figure(self, amount: str | Decimal) -> str:
        return formatting.number(amount, self.locale)

    def price(self, amount: str) -> str:
        """A unit price keeps the decimals it needs, and shows at least the currency's."""
        value = Decimal(amount).normalize()
        decimals = max(exponent(self.currency), -int(value.as_tuple().exponent))
        return formatting.number(value.quantize(Decimal(1).scaleb(-decimals)), self.locale)

    def day(self, iso: str) -> str:
        return formatting.long_date(date.fromisoformat(iso), self.locale)

    def weekday(self, iso: str) -> str:
        return formatting.weekday_date(date.fromisoformat(iso), self.locale)

    def period(self, start: str | None, end: str | None) -> str:
        if not (start or end):
            return ""
        first, last = date.fromisoformat(start or end or ""), date.fromisoformat(end or start or "")
        return formatting.period(first, last, self.locale)

    def say(self, key: str, **values: object) -> str:
        return self.words.say(key, **values)

    @property
    def is_gst(self) -> bool:
        groups = self.s.get("tax_groups") or ()
        return any(str(group.get("component") or "").upper() in GST_COMPONENTS for group in groups)

    @property
    def tax_name(self) -> str:
        """What the tax on this document is called: VAT, GST, or sales tax."""
        if self.is_gst or self.seller.get("country") in {"IN", "AU", "NZ", "SG"}:
            return self.words["GST"]
        return self.words["sales_tax" if self.seller.get("country") == "US" else "VAT"]

    def tax_label(self, group: Mapping[str, Any]) -> str:
        """The component or jurisdiction of a tax group: "CGST", "California state tax", "VAT"."""
        component = str(group.get("component") or "")
        if component:
            return component
        if self.seller.get("country") == "US" and group.get("label"):
            return str(group["label"])
        return self.tax_name

    @property
    def heading(self) -> str:
        """What the document is called: "Tax invoice" where GST wants that name."""
        kind = str(self.s["document_type"])
        return self.words["tax_invoice" if kind == "invoice" and self.is_gst else kind]

    def early_discount(self) -> str:
        """Until when less than the amount suffices, and how much; "" when nothing is offered."""
        offer = self.s.get("early_discount")
        if not offer:
            return ""
        return self.say(
            "early_discount",
            date=self.weekday(offer["until"]),
            amount=self.money(offer["amount_if_paid"]),
            pct=formatting.percent(offer["pct"], self.locale),
        )

    def tax_rate(self, group: Mapping[str, Any]) -> Decimal:
        """The rate of a tax group in percent. Central and state tax are each half of the rate it stores."""
        rate = Decimal(group.get("rate") or 0)
        return rate / 2 if str(group.get("component") or "") in GST_HALVES else rate

    def no_tax_reason(self, group: Mapping[str, Any]) -> str:
        """Why a group carries no tax, in words; "" when its category needs none."""
        category, country = str(group.get("category") or ""), str(self.seller.get("country") or "")
        reason = self.words.translated(str(group.get("reason") or ""))
        if category == "AE" and country == "GB":
            return self.words["reverse_charge_uk"]
        in_eu = country in EU_COUNTRIES
        key = (NO_TAX_REASON if in_eu else NO_TAX_REASON_OUTSIDE_EU).get(category, "")
        if not key:
            return reason
        known = self.words[key]
        if category == "E" and reason and reason != known:
            return f"{known}: {reason}"
        return known if in_eu or category in {"AE", "Z"} or not reason else reason


def printable(text: object) -> str:
    """Text as it may stand on paper: no control characters, and no direction marks that could disguise it."""
    return without_marks(_NOT_PRINTABLE.sub("", str(text)))


def clean(value: Any) -> Any:
    """The snapshot with every text in it printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def grouped_iban(iban: str) -> str:
    """ "IE64 IRCE 9205 0112 3456 78": in fours, as people read it."""
    plain = iban.replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))
