"""The few words a late charge prints, in the languages of documents. Others read English."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel import Locale

from core import formatting
from core.money import round_money

_WORDS = {
    "en": (
        "Late interest on {number}",
        "{percent} a year on {principal}, {period} ({days} days)",
        "Fixed sum for late payment of {number}",
        "Late payment of {number}. Basis: {basis}.",
        "After payments, credits and disputes that became known since the charge before: {amount}",
        "Instalment {part} of {number}, due {due}",
        "Fee for the reminder of {number}",
    ),
    "de": (
        "Verzugszinsen zu {number}",
        "{percent} im Jahr auf {principal}, {period} ({days} Tage)",
        "Verzugspauschale zu {number}",
        "Verspätete Zahlung von {number}. Grundlage: {basis}.",
        "Nach Zahlungen, Gutschriften und Reklamationen seit der letzten Berechnung: {amount}",
        "Rate {part} von {number}, fällig am {due}",
        "Mahngebühr zu {number}",
    ),
    "fr": (
        "Intérêts de retard sur {number}",
        "{percent} par an sur {principal}, {period} ({days} jours)",
        "Indemnité forfaitaire pour retard de paiement de {number}",
        "Retard de paiement de {number}. Fondement : {basis}.",
        "Après paiements, avoirs et litiges connus depuis le calcul précédent : {amount}",
        "Échéance {part} de {number}, au {due}",
        "Frais de relance de {number}",
    ),
    "es": (
        "Intereses de demora de {number}",
        "{percent} anual sobre {principal}, {period} ({days} días)",
        "Indemnización fija por demora de {number}",
        "Demora en el pago de {number}. Base: {basis}.",
        "Tras pagos, abonos y reclamaciones conocidos desde el cálculo anterior: {amount}",
        "Plazo {part} de {number}, vence el {due}",
        "Gastos de reclamación de {number}",
    ),
    "hi": (
        "{number} पर विलंब ब्याज",
        "{principal} पर {percent} वार्षिक, {period} ({days} दिन)",
        "{number} के विलंबित भुगतान की निश्चित राशि",
        "{number} का विलंबित भुगतान. आधार: {basis}.",
        "पिछली गणना के बाद ज्ञात भुगतान, क्रेडिट और विवादों के बाद: {amount}",
        "{number} की किस्त {part}, देय {due}",
        "{number} के अनुस्मारक का शुल्क",
    ),
}

# Kind of charge -> its name among the texts.
_NAMES = {"interest": 0, "fixed_sum": 2, "fee": 6}


class Words:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        code = language.partition("-")[0]
        self.locale: Locale = formatting.reader_locale(language or "en")
        self._texts = _WORDS.get(code, _WORDS["en"])

    def name(self, kind: str, number: str) -> str:
        """What is charged, as the position is called."""
        return self._texts[_NAMES[kind]].format(number=number)

    def row(self, percent: Decimal, principal: Decimal, currency: str, days: tuple[date, date]) -> str:
        return self._texts[1].format(
            percent=formatting.percent(percent, self.locale),
            principal=formatting.money(round_money(principal, currency), currency, self.locale),
            period=formatting.period(*days, self.locale),
            days=(days[1] - days[0]).days + 1,
        )

    def note(self, number: str, basis: str) -> str:
        return self._texts[3].format(number=number, basis=basis)

    def correction(self, amount: Decimal, currency: str) -> str:
        return self._texts[4].format(
            amount=formatting.money(round_money(amount, currency), currency, self.locale)
        )

    def part(self, number: str, part: int, due: date) -> str:
        return self._texts[5].format(number=number, part=part, due=formatting.long_date(due, self.locale))
