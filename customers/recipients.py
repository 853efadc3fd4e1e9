"""Whom at a customer we write to, and why. Pure.

The first purpose asked for is looked for in a fixed order: the purpose itself, then those who get
invoices, then accounts payable, then the main contact. The first of these that reaches anybody is taken,
with everybody in it. Contacts without an address, whose mail came back, or who asked for no mail are passed
over. There is no further fallback: a contact without any of these purposes is never written to. Each further
purpose adds the contacts chosen for exactly that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

FALLBACKS = ("billing", "payable", "main")
_WORDS = {
    "billing": "invoices",
    "reminders": "reminders",
    "escalation": "escalation",
    "statements": "statements",
    "payable": "accounts payable",
    "main": "main contact",
}


C = TypeVar("C")


class Choice(NamedTuple, Generic[C]):
    """A contact, and why it is this one: words that go on "will go to Orla Byrne, because ..."."""

    contact: C
    why: str


def choose_recipients(contacts: Sequence[C], purposes: Sequence[str]) -> list[Choice[C]]:
    """The contacts to write to for these purposes, each once, in order; empty: nobody can be reached."""
    if not purposes:
        return []
    people: Sequence[Any] = contacts
    chosen = _main(people, purposes[0])
    for purpose in purposes[1:]:
        known = [choice.contact for choice in chosen]
        chosen += [
            Choice(contact, f"also chosen for {_word(purpose)}")
            for contact in people
            if purpose in contact.purposes and not obstacle(contact) and contact not in known
        ]
    return chosen


def obstacle(contact: Any) -> str:
    """Why mail does not reach the contact; "" when it does."""
    if not contact.email:
        return "has no e-mail address"
    if contact.bounced_at:
        return "mail came back"
    return "asked for no mail" if contact.opted_out_at else ""


def _main(contacts: Sequence[Any], purpose: str) -> list[Choice[Any]]:
    passed_over: list[str] = []
    for wanted in dict.fromkeys((purpose, *FALLBACKS)):
        holders = [contact for contact in contacts if wanted in contact.purposes]
        if found := [contact for contact in holders if not obstacle(contact)]:
            return [Choice(contact, _why(purpose, wanted, passed_over)) for contact in found]
        passed_over += [f"{contact.name}: {obstacle(contact)}" for contact in holders]
    return []


def _why(purpose: str, taken: str, passed_over: Sequence[str]) -> str:
    if purpose == taken:
        return f"chosen for {_word(purpose)}"
    left_out = f" ({'; '.join(dict.fromkeys(passed_over))})" if passed_over else ""
    return f"nobody for {_word(purpose)} can be reached{left_out}, and this is the contact for {_word(taken)}"


def _word(purpose: str) -> str:
    return _WORDS.get(purpose, purpose)
