"""The document's words in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping

from .languages import de, en, es, fr, hi

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": en.TEXTS,
    "de": de.TEXTS,
    "fr": fr.TEXTS,
    "es": es.TEXTS,
    "hi": hi.TEXTS,
}

# Fixed sentences that the tax rules put into a document in English, and the label that translates them.
_KNOWN_TEXTS = {
    en.TEXTS[key].casefold(): key
    for key in (
        "reverse_charge",
        "reverse_charge_uk",
        "intra_community",
        "export",
        "outside_scope",
        "exempt",
        "zero_rated",
        "self_billing",
        "cash_accounting",
        "proforma_note",
        "gst_reverse_charge_no",
        "gst_reverse_charge_yes",
    )
}

# Why a group of lines carries no tax, by its VAT category (EN 16931 codes): in the words of the EU's VAT
# directive, and for sellers elsewhere.
NO_TAX_REASON = {
    "AE": "reverse_charge",
    "K": "intra_community",
    "G": "export",
    "O": "outside_scope",
    "E": "exempt",
    "Z": "zero_rated",
}
NO_TAX_REASON_OUTSIDE_EU = {
    **NO_TAX_REASON,
    "G": "export_plain",
    "O": "outside_plain",
    "E": "exempt_plain",
}
_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU_COUNTRIES = frozenset(_EU.split())


class Words:
    """Labels of one language: `words["net"]`, `words.say("due_on", date=...)`."""

    def __init__(self, language: str) -> None:
        base = language.replace("_", "-").partition("-")[0].lower()
        self.language = base if base in LANGUAGES else "en"
        self._texts = LANGUAGES[self.language]

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def say(self, key: str, **values: object) -> str:
        """The phrase with its placeholders filled; values are inserted as they are, never formatted again."""
        return self._texts[key].format_map({name: str(value) for name, value in values.items()})

    def translated(self, text: str) -> str:
        """A sentence of the tax rules in this language; anything else comes back unchanged."""
        key = _KNOWN_TEXTS.get(text.strip().rstrip(".").casefold())
        return self._texts[key] if key else text
