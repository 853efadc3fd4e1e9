"""The few words a contract's bill prints, in the languages of documents. Others read English."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from babel import Locale

from contracts.billing import Rest
from contracts.owing import ONE_OFF, USAGE, Facts
from core import formatting

_WORDS = {
    "en": {
        "late_usage": "{name}: late usage for {period}",
        "unused": "Unused part of {name} from {day}",
        "suspended": "{name}: suspended days of {period}",
        "correction": "{name}: correction for {period}",
        "late": "{name}: not billed before for {period}",
        "from": "{name} from {day}",
        "days": "{active} of {all} days",
        "used": "{quantity} {unit} used",
        "missed": "This period was not billed in its time: {period}.",
    },
    "de": {
        "late_usage": "{name}: nachgemeldeter Verbrauch für {period}",
        "unused": "Nicht genutzter Teil von {name} ab {day}",
        "suspended": "{name}: ausgesetzte Tage in {period}",
        "correction": "{name}: Korrektur für {period}",
        "late": "{name}: noch nicht berechnet für {period}",
        "from": "{name} ab {day}",
        "days": "{active} von {all} Tagen",
        "used": "{quantity} {unit} verbraucht",
        "missed": "Dieser Zeitraum wurde nicht rechtzeitig berechnet: {period}.",
    },
    "fr": {
        "late_usage": "{name} : consommation tardive pour {period}",
        "unused": "Part non utilisée de {name} à partir du {day}",
        "suspended": "{name} : jours suspendus de {period}",
        "correction": "{name} : correction pour {period}",
        "late": "{name} : non facturé jusqu'ici pour {period}",
        "from": "{name} à partir du {day}",
        "days": "{active} jours sur {all}",
        "used": "{quantity} {unit} consommés",
        "missed": "Cette période n'a pas été facturée à temps : {period}.",
    },
    "es": {
        "late_usage": "{name}: consumo tardío de {period}",
        "unused": "Parte no usada de {name} desde el {day}",
        "suspended": "{name}: días suspendidos de {period}",
        "correction": "{name}: corrección de {period}",
        "late": "{name}: no facturado antes para {period}",
        "from": "{name} desde el {day}",
        "days": "{active} de {all} días",
        "used": "{quantity} {unit} consumidos",
        "missed": "Este periodo no se facturó a tiempo: {period}.",
    },
    "hi": {
        "late_usage": "{name}: {period} का विलंबित उपयोग",
        "unused": "{day} से {name} का अप्रयुक्त भाग",
        "suspended": "{name}: {period} के निलंबित दिन",
        "correction": "{name}: {period} का सुधार",
        "late": "{name}: {period} के लिए पहले बिल नहीं किया गया",
        "from": "{day} से {name}",
        "days": "{all} में से {active} दिन",
        "used": "{quantity} {unit} उपयोग",
        "missed": "यह अवधि समय पर बिल नहीं हुई: {period}.",
    },
}


class Words:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        self.locale: Locale = formatting.reader_locale(language or "en")
        self._texts = _WORDS.get(language.partition("-")[0], _WORDS["en"])

    def period(self, start: date, end: date) -> str:
        return formatting.period(start, end, self.locale)

    def title(self, facts: Facts, rest: Rest, name: str) -> str:
        """What the position is called: the item, or why it is billed now."""
        period = self.period(rest.period.start, rest.period.end)
        if rest.reason == "unused":
            last = min(day for day in (facts.ends_on, rest.item.ends_on) if day is not None)
            return self._say(
                "unused", name=name, day=self._day(max(last + timedelta(days=1), rest.period.start))
            )
        if rest.reason == "late" and rest.item.starts_on > rest.period.start:
            return self._say("from", name=name, day=self._day(rest.item.starts_on))
        if rest.reason == "regular":
            return name
        return self._say(rest.reason, name=name, period=period)

    def detail(self, rest: Rest, unit: str) -> str:
        """What the amount was worked out from, where that is not plain."""
        what = rest.owed
        if rest.item.kind == USAGE:
            quantity = formatting.number(what.quantity, self.locale)
            return self._say("used", quantity=quantity, unit=unit).replace("  ", " ")
        if rest.item.kind != ONE_OFF and what.active_days != rest.period.days:
            return self._say("days", active=what.active_days, all=rest.period.days)
        return ""

    def missed(self, start: date, end: date) -> str:
        return self._say("missed", period=self.period(start, end))

    def _day(self, day: date) -> str:
        return formatting.long_date(day, self.locale)

    def _say(self, key: str, **given: str | int | Decimal) -> str:
        return self._texts[key].format(**given)
