"""How a text sounds: threats too early, no call to action, too long, shouting. Pure.

Word lists per language; a word matches from its beginning, so "Anwalt" finds "Anwälte" only where listed.
Threats block a text of tone 1 or 2, everything else is a warning its author may overrule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_WORDS = 220
WARM = 2

_THREATS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "legal action", "lawyer", "attorney", "solicitor", "court", "sue", "lawsuit", "debt collect",
        "collection agency", "bailiff", "final demand", "last warning", "or else", "consequences", "prosecut",
        "seize", "credit rating", "suspend", "terminate",
    ),
    "de": (
        "rechtsanwalt", "rechtsanwält",
        "anwalt", "anwält", "gericht", "klage", "klagen", "inkasso", "mahnbescheid",
        "vollstreckung", "pfändung", "pfänden", "gerichtsvollzieher", "letzte mahnung", "konsequenzen",
        "rechtliche schritte", "schufa", "sperren", "kündigen",
    ),
    "fr": (
        "avocat", "huissier", "tribunal", "justice", "poursuite", "poursuivre", "recouvrement", "saisie",
        "mise en demeure", "contentieux", "dernier avertissement", "conséquences", "suspendre", "résilier",
    ),
    "es": (
        "abogado", "tribunal", "juzgado", "demanda", "judicial", "embargo", "embargar", "acciones legales",
        "agencia de cobro", "último aviso", "consecuencias", "morosos", "suspender", "rescindir",
    ),
    "hi": (
        "कानूनी कार्रवाई", "क़ानूनी कार्रवाई", "कानूनी", "वकील", "अदालत", "न्यायालय", "मुकदमा", "मुक़दमा", "वसूली",
        "अंतिम चेतावनी", "परिणाम भुगत", "ज़ब्त", "जब्त", "कुर्की",
    ),
}  # fmt: skip
_CALLS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "please",
        "reply",
        "tell us",
        "call us",
        "pay ",
        "need not do anything",
        "nothing left",
        "look at",
    ),
    "de": ("bitte", "antworten sie", "sagen sie", "rufen sie", "zahlen sie", "müssen nichts"),
    "fr": (
        "merci de",
        "veuillez",
        "répondez",
        "dites-nous",
        "appelez",
        "payez",
        "n'avez rien à faire",
        "pouvez",
    ),
    "es": (
        "por favor",
        "responda",
        "díganos",
        "llámenos",
        "pague",
        "no tiene que hacer",
        "le rogamos",
        "puede",
    ),
    "hi": ("कृपया", "उत्तर दें", "बताएँ", "बताएं", "भुगतान करें", "कॉल करें", "कुछ नहीं करना", "देख सकते"),
}
# English words are whole, or "court" would be found in "courtesy".
_ENGLISH_END = r"(?:s|ed|d|e|ing|ion|or|ors)?(?!\w)"
_VARIABLE = re.compile(r"\{\{.*?\}\}")
_SHOUTED = re.compile(r"\b[^\W\d_]{4,}\b")


@dataclass(frozen=True)
class Finding:
    """One thing to look at in a text."""

    rule: str
    field: str
    message: str
    mend: str
    blocks: bool = False


def findings_of(subject: str, body: str, *, language: str, tone: int) -> list[Finding]:
    """What is wrong with how the text sounds. An unknown language is judged by length and shouting alone."""
    base = language.partition("-")[0]
    words = {"subject": _VARIABLE.sub(" ", subject), "body": _VARIABLE.sub(" ", body)}
    return [
        found
        for field, text in words.items()
        for found in (*_threats(field, text, base, tone), *_shouting(field, text))
    ] + [*_no_call(words["body"], base), *_too_long(words["body"])]


def _threats(field: str, text: str, language: str, tone: int) -> list[Finding]:
    lower = text.lower()
    end = _ENGLISH_END if language == "en" else ""
    found = [
        threat
        for threat in _THREATS.get(language, ())
        if re.search(rf"(?<!\w){re.escape(threat)}{end}", lower)
    ]
    if not found or tone > 3:
        return []
    message = f"“{found[0]}” is a threat, and this text has tone {tone} of 5."
    return [Finding("threat", field, message, "Say it warmly, or keep it for a firmer step.", tone <= WARM)]


def _no_call(body: str, language: str) -> list[Finding]:
    calls = _CALLS.get(language, ())
    if not calls or any(call in body.lower() for call in calls):
        return []
    return [
        Finding(
            "call", "body", "The text does not say what the reader should do.", "Ask for one clear thing."
        )
    ]


def _too_long(body: str) -> list[Finding]:
    count = len(body.split())
    if count <= LONGEST_WORDS:
        return []
    return [
        Finding(
            "length", "body", f"The text has {count} words.", f"Most readers stop before {LONGEST_WORDS}."
        )
    ]


def _shouting(field: str, text: str) -> list[Finding]:
    loud = [word for word in _SHOUTED.findall(text) if word.isupper() and word != word.lower()]
    if "!!" not in text and "?!" not in text and len(loud) < 2:
        return []
    return [
        Finding(
            "shouting", field, "The text shouts.", "Write words in small letters, and one mark is enough."
        )
    ]
