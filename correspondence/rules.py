"""Which variables a message may use, of what type, and what no message may contain. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

from core.errors import Invalid, Problem, problem

from .harmless import CONTROL, UnsafeText, check_name, check_one_line, hides_direction
from .markup import stray_marks, tables_alone, variables_in
from .situations import SITUATIONS
from .values import (
    AMOUNT,
    COUNT,
    DATE,
    INSTALMENTS,
    ITEMS,
    LINES,
    LINK,
    NAME,
    NUMBER,
    TABLES,
    TEXT,
    TOTAL,
    Amount,
    Instalment,
    Item,
    Value,
    Variable,
    derived_values,
)

__all__ = [
    "LINK",
    "SITUATIONS",
    "TABLES",
    "Amount",
    "EmptyVariable",
    "Instalment",
    "Item",
    "UnknownVariable",
    "UnsafeText",
    "Value",
    "Variable",
    "check_name",
    "check_one_line",
    "check_template",
    "check_values",
    "empty_variable",
    "examples",
    "variables_of",
]

SUBJECT_LENGTH = 200
BODY_LENGTH = 20_000
VALUE_LENGTH = 2_000
LINES_LENGTH = 8_000
MOST_ROWS = 1_000

_CONTROL_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")

_TYPES: Mapping[str, tuple[type, ...]] = {
    TEXT: (str,),
    NAME: (str,),
    NUMBER: (str,),
    LINES: (str,),
    LINK: (str,),
    AMOUNT: (Amount,),
    DATE: (date,),
    COUNT: (int,),
    ITEMS: (tuple,),
    INSTALMENTS: (tuple,),
    TOTAL: (tuple,),
}
_ROWS: Mapping[str, type] = {ITEMS: Item, INSTALMENTS: Instalment, TOTAL: Amount}


class UnknownVariable(Invalid):
    """A template or a message names a variable its situation does not have."""


class EmptyVariable(Invalid):
    """A variable that the text needs has no value, so the message is not sent."""


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
    known = variables_of(situation).items()
    return {name: variable.example for name, variable in known if not variable.derived}


def check_template(situation: str, subject: str, body: str) -> None:
    """Refuse a template that could not be sent, listing every fault (variables with near matches)."""
    known = variables_of(situation)
    problems = [
        *_text_problems("subject", subject, SUBJECT_LENGTH, CONTROL),
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
    problems += _misplaced(known, subject, body)
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


def _misplaced(known: Mapping[str, Variable], subject: str, body: str) -> list[Problem]:
    """Links, tables and long words in a subject; tables in the middle of a sentence."""
    no_line = {name for name, variable in known.items() if variable.kind in {LINK, LINES, *TABLES}}
    words = {LINK: "a link", LINES: "of several lines", ITEMS: "a table", INSTALMENTS: "a table"}
    problems = [
        problem(
            f"“{name}” is {words[known[name].kind]} and cannot stand in a subject.",
            field="subject",
            rule="subject-text",
        )
        for name in variables_in(subject)
        if name in no_line
    ]
    tables = {name for name in no_line if known[name].kind in TABLES}
    return problems + [
        problem(
            f"“{name}” is a table and stands alone.",
            field="body",
            rule="table-alone",
            mend="Put a blank line before and after it.",
        )
        for name in variables_in(body)
        if name in tables and not tables_alone(body, name)
    ]


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
        if known[name].derived:
            raise Invalid(f"“{name}” is worked out, not given.", field=name, rule="variable-derived")
    given = {name: value for name, value in values.items() if value is not None and value not in ("", ())}
    derived = {name: value for name, value in derived_values(given).items() if name in known}
    for name, variable in known.items():
        if variable.derived:
            continue
        if name in given:
            _check_value(variable, given[name])
        elif variable.required:
            raise empty_variable(name)
    return {**given, **derived}


def empty_variable(name: str) -> EmptyVariable:
    """The refusal of a message whose text needs a value nobody gave."""
    return EmptyVariable(
        f"“{name}” has no value, so the message is not sent.",
        field=name,
        rule="variable-filled",
        mend="Fill it in where it comes from, or use a text that does not need it.",
    )


def _check_value(variable: Variable, value: Value) -> None:
    if not _is_of_type(variable.kind, value):
        raise Invalid(
            f"“{variable.name}” takes a value of type {variable.kind}.",
            field=variable.name,
            rule="variable-type",
        )
    if isinstance(value, tuple):
        _check_rows(variable, value)
    elif isinstance(value, str):
        _check_words(variable, value)


def _is_of_type(kind: str, value: object) -> bool:
    if isinstance(value, bool) or (kind == DATE and type(value) is not date):
        return False
    if not isinstance(value, _TYPES[kind]):
        return False
    return not isinstance(value, tuple) or all(isinstance(row, _ROWS[kind]) for row in value)


def _check_rows(variable: Variable, rows: tuple[object, ...]) -> None:
    if len(rows) > MOST_ROWS:
        raise Invalid(
            f"“{variable.name}” has more than {MOST_ROWS:,} rows.", field=variable.name, rule="variable-type"
        )
    for row in rows:
        if isinstance(row, Item):
            check_one_line(row.number, field=variable.name)


def _check_words(variable: Variable, value: str) -> None:
    if len(value) > (LINES_LENGTH if variable.kind == LINES else VALUE_LENGTH):
        raise Invalid(f"“{variable.name}” is too long.", field=variable.name, rule="variable-type")
    if variable.kind == LINES:
        for line in value.replace("\r\n", "\n").split("\n"):
            check_one_line(line.replace("\t", " "), field=variable.name)
        return
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
    if control.search(text.replace("\r\n", "\n") if field == "body" else text) or hides_direction(text):
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
