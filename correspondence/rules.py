"""Which variables a message may use, of what type, and what no message may contain. Pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from core.errors import Invalid, Problem, problem

from .markup import stray_marks, variables_in

SUBJECT_LENGTH = 200
BODY_LENGTH = 20_000
VALUE_LENGTH = 2_000

# Line breaks and control characters split mail headers; direction marks make a text read differently.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LOOKALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


class UnknownVariable(Invalid):
    """A template or a message names a variable its situation does not have."""


class EmptyVariable(Invalid):
    """A variable that the text needs has no value, so the message is not sent."""


class UnsafeText(Invalid):
    """A text that would break a header, or read differently from what it is."""


@dataclass(frozen=True)
class Amount:
    """Money as a value of a variable."""

    value: Decimal
    currency: str


Value = str | int | date | Amount

TEXT, NAME, NUMBER, AMOUNT, DATE, COUNT, LINK = "text", "name", "number", "amount", "date", "count", "link"

_TYPES: Mapping[str, tuple[type, ...]] = {
    TEXT: (str,),
    NAME: (str,),
    NUMBER: (str,),
    AMOUNT: (Amount,),
    DATE: (date,),
    COUNT: (int,),
    LINK: (str,),
}


@dataclass(frozen=True)
class Variable:
    """One variable: its type, what it means, an example. `required`: the message is never without it."""

    name: str
    kind: str
    about: str
    example: Value
    required: bool = True


_DOCUMENT = (
    Variable("seller_name", NAME, "The selling company", "Northwind Energy Ireland Ltd"),
    Variable("customer_name", NAME, "The customer", "Brightwater Logistics"),
    Variable("document_number", NUMBER, "The document's number", "INV-2026-04219"),
    Variable("issued_on", DATE, "The day it was issued", date(2026, 10, 9)),
    Variable("public_link", LINK, "The customer's own page", "https://pay.northwind.example/i/example"),
    Variable("po_number", NUMBER, "The customer's order", "BL-2208", required=False),
    Variable("period", TEXT, "The period it is for", "September 2026", required=False),
    Variable("contact_email", NUMBER, "Where to ask", "billing@northwind.example", required=False),
    Variable("contact_phone", NUMBER, "Whom to call", "+353 1 555 0190", required=False),
    Variable("bank_account", NUMBER, "The account to pay to", "IE64 IRCE 9205 0112 3456 78", required=False),
    Variable("payment_reference", NUMBER, "What to state when paying", "INV-2026-04219", required=False),
    Variable("policy_link", LINK, "The payment terms", "https://pay.northwind.example/p/7", required=False),
)

SITUATIONS: Mapping[str, tuple[Variable, ...]] = {
    "invoice": (
        *_DOCUMENT,
        Variable("amount_due", AMOUNT, "What is to be paid", Amount(Decimal("12840.50"), "EUR")),
        Variable("due_on", DATE, "The day it is due", date(2026, 11, 9)),
        Variable(
            "discount_amount",
            AMOUNT,
            "Enough if paid early",
            Amount(Decimal("12583.69"), "EUR"),
            required=False,
        ),
        Variable("discount_until", DATE, "The last day for that", date(2026, 10, 19), required=False),
    ),
    "credit_note": (
        *_DOCUMENT,
        Variable("amount", AMOUNT, "What is credited", Amount(Decimal("1259.52"), "EUR")),
        Variable("credited_number", NUMBER, "The corrected invoice", "INV-2026-04219"),
        Variable("reason", TEXT, "Why", "Commissioning finished two days early"),
    ),
    "payment_received": (
        *_DOCUMENT,
        Variable("amount", AMOUNT, "What was received", Amount(Decimal("12840.50"), "EUR")),
        Variable("received_on", DATE, "The day it arrived", date(2026, 11, 6)),
        Variable("open_amount", AMOUNT, "What is still owed", Amount(Decimal("0.00"), "EUR"), required=False),
    ),
}


def variables_of(situation: str) -> dict[str, Variable]:
    """The variables of a situation by name. An unknown situation is refused."""
    if situation not in SITUATIONS:
        raise Invalid(
            f"“{situation}” is not a situation we write in.",
            field="situation",
            rule="situation-known",
            mend=_near(situation, SITUATIONS),
        )
    return {variable.name: variable for variable in SITUATIONS[situation]}


def examples(situation: str) -> dict[str, Value]:
    """An example value for every variable, for previews."""
    return {name: variable.example for name, variable in variables_of(situation).items()}


def check_template(situation: str, subject: str, body: str) -> None:
    """Refuse a template that could not be sent, listing every fault (variables with near matches)."""
    known = variables_of(situation)
    problems = [
        *_text_problems("subject", subject, SUBJECT_LENGTH, _CONTROL),
        *_text_problems("body", body, BODY_LENGTH, _CONTROL_IN_BODY),
    ]
    for field, text in (("subject", subject), ("body", body)):
        problems += [
            problem(
                f"“{name}” is not a variable of this message.",
                field=field,
                rule="variable-known",
                mend=_near(name, known),
            )
            for name in variables_in(text)
            if name not in known
        ]
        problems += [
            problem(
                f"“{mark}” stands alone.",
                field=field,
                rule="template-marks",
                mend="Variables look like {{amount_due}}, bold like **this**.",
            )
            for mark in stray_marks(text)
        ]
    problems += [
        problem(f"“{name}” is a link and cannot stand in a subject.", field="subject", rule="subject-text")
        for name in variables_in(subject)
        if name in known and known[name].kind == LINK
    ]
    if problems:
        first = problems[0]
        error = UnknownVariable if first["rule"] == "variable-known" else Invalid
        raise error(
            first["message"],
            field=first["field"],
            rule=first["rule"],
            mend=first["mend"] or None,
            problems=problems,
        )


def check_values(situation: str, values: Mapping[str, Value | None]) -> dict[str, Value]:
    """The values that are there, each of its type and harmless. Missing ones are refused if required."""
    known = variables_of(situation)
    for name in values:
        if name not in known:
            raise UnknownVariable(
                f"“{name}” is not a variable of this message.",
                field=name,
                rule="variable-known",
                mend=_near(name, known),
            )
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    for name, variable in known.items():
        if name in given:
            _check_value(variable, given[name])
        elif variable.required:
            raise empty_variable(name)
    return given


def empty_variable(name: str) -> EmptyVariable:
    """The refusal of a message whose text needs a value nobody gave."""
    return EmptyVariable(
        f"“{name}” has no value, so the message is not sent.",
        field=name,
        rule="variable-filled",
        mend="Fill it in where it comes from, or use a text that does not need it.",
    )


def check_one_line(text: str, *, field: str) -> None:
    """Refuse line breaks, control characters and direction marks."""
    if _CONTROL.search(text) or _BIDI.search(text):
        raise UnsafeText(
            f"“{field}” contains a line break or an invisible control character.",
            field=field,
            rule="text-harmless",
            mend="Type it again where it comes from, instead of pasting it.",
        )


def check_name(text: str, *, field: str = "name") -> None:
    """Refuse a name of several lines, with direction marks, or mixing look-alike alphabets in a word."""
    check_one_line(text, field=field)
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
        if len(scripts & set(_LOOKALIKE_SCRIPTS)) > 1:
            raise UnsafeText(
                f"“{word}” mixes letters of different alphabets that look alike.",
                field=field,
                rule="text-harmless",
                mend="Type the word again in one alphabet.",
            )


def _check_value(variable: Variable, value: Value) -> None:
    is_right = isinstance(value, _TYPES[variable.kind]) and not (
        isinstance(value, bool) or (variable.kind == DATE and type(value) is not date)
    )
    if not is_right:
        raise Invalid(
            f"“{variable.name}” takes a value of type {variable.kind}.",
            field=variable.name,
            rule="variable-type",
        )
    if not isinstance(value, str):
        return
    if len(value) > VALUE_LENGTH:
        raise Invalid(f"“{variable.name}” is too long.", field=variable.name, rule="variable-type")
    check_one_line(value, field=variable.name)
    if variable.kind == NAME:
        check_name(value, field=variable.name)
    if variable.kind == LINK and not _is_web_address(value):
        raise UnsafeText(
            f"“{variable.name}” is not a web address.", field=variable.name, rule="text-harmless"
        )


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.hostname) and not re.search(r"[\s<>\"'`]", text)


def _text_problems(field: str, text: str, longest: int, control: re.Pattern[str]) -> list[Problem]:
    problems = []
    if not text.strip():
        problems.append(problem(f"The {field} is empty.", field=field, rule="template-text"))
    if len(text) > longest:
        problems.append(
            problem(f"The {field} has more than {longest:,} characters.", field=field, rule="template-text")
        )
    if control.search(text.replace("\r\n", "\n") if field == "body" else text) or _BIDI.search(text):
        problems.append(
            problem(
                f"The {field} contains a line break or an invisible control character.",
                field=field,
                rule="text-harmless",
                mend="Type the text again instead of pasting it.",
            )
        )
    return problems


def _near(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known are: {', '.join(sorted(known))}."
