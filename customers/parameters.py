"""Typed parameters of billing requirements: what each kind needs, read strictly, kept as plain JSON.

Dates become ISO text, amounts decimal text, lists sorted lists: the same parameters always look the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import Invalid, Problem, problem
from core.money import exponent

LONGEST_PATTERN = 120
MOST_REPEATS = 3
"""A pattern with more open repeats could need hours on one text (quadratic and worse backtracking)."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kind. `type` is a key of READERS;

    `choices` are (value, words); numbers lie in `low`..`high`.
    """

    name: str
    type: str
    label: str
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    low: int = 0
    high: int = 0
    hint: str = ""


def in_words(parameters: tuple[Parameter, ...], given: Mapping[str, Any]) -> str:
    """What is set, as one line: "Pattern: 45… · Value of the order: 5000.00"."""
    parts = []
    for parameter in parameters:
        value = given.get(parameter.name)
        if value is None:
            continue
        names = dict(parameter.choices)
        shown = [names.get(one, str(one)) for one in (value if isinstance(value, list) else [value])]
        parts.append(f"{parameter.label}: {', '.join(shown)}")
    return " · ".join(parts)


class Unreadable(ValueError):
    """A value of the wrong type: the message and how to mend it."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message, self.mend = message, mend


def read_all(parameters: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values checked against their types; empty ones are left out.

    Raises `Invalid` whose `problems` name every parameter at fault with reason and mend.
    """
    known = {parameter.name for parameter in parameters}
    faults = [
        problem(
            f"“{name}” is not a parameter of this requirement.",
            field=name,
            rule="requirement_parameter_is_known",
            mend=f"Known are: {', '.join(sorted(known)) or 'none'}.",
        )
        for name in given
        if name not in known
    ]
    values: dict[str, Any] = {}
    for parameter in parameters:
        value, fault = _read(parameter, given.get(parameter.name))
        if fault:
            faults.append(fault)
        elif value is not None:
            values[parameter.name] = value
    if faults:
        first = faults[0]
        raise Invalid(
            first["message"], field=first["field"], rule=first["rule"], mend=first["mend"], problems=faults
        )
    return values


def _read(parameter: Parameter, raw: Any) -> tuple[Any, Problem | None]:
    empty = raw is None or raw is False or (isinstance(raw, str | list | tuple) and not raw)
    if isinstance(raw, str) and not raw.strip():
        empty = True
    if empty and not parameter.required:
        return None, None
    if empty:
        words = f"{parameter.label} is missing."
        return None, problem(words, field=parameter.name, rule="requirement_is_complete", mend="Fill it in.")
    try:
        return READERS[parameter.type](raw, parameter), None
    except Unreadable as fault:
        rule = f"requirement_{parameter.type}_is_valid"
        return None, problem(fault.message, field=parameter.name, rule=rule, mend=fault.mend)


def _text(raw: Any, parameter: Parameter) -> str:
    text = str(raw).strip()
    if len(text) > 300:
        raise Unreadable(f"{parameter.label} is longer than 300 characters.", "Shorten it.")
    return text


def _pattern(raw: Any, parameter: Parameter) -> str:
    """A regular expression that compiles and cannot run away."""
    text = _text(raw, parameter)
    if len(text) > LONGEST_PATTERN:
        raise Unreadable(f"The pattern is longer than {LONGEST_PATTERN} characters.", "Shorten it.")
    try:
        re.compile(text)
    except re.error as fault:
        at = f" at position {fault.pos + 1}" if fault.pos is not None else ""
        raise Unreadable(
            f"“{text}” is not a pattern: {fault.msg}{at}.", r"Write it like 45\d{8} or PO-[0-9]{6}."
        ) from fault
    plain = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "x", text)
    if re.search(r"\)[*+{]", plain):
        raise Unreadable(
            "The pattern repeats a group, which can take hours on some texts.", "Write the group out."
        )
    if len(re.findall(r"[*+]|\{\d*,\}", plain)) > MOST_REPEATS:
        raise Unreadable(
            f"The pattern has more than {MOST_REPEATS} open repeats (* or +).", r"Give lengths, like \d{8}."
        )
    return text


def _day(raw: Any, parameter: Parameter) -> str:
    if isinstance(raw, date):
        return raw.isoformat()
    try:
        return date.fromisoformat(str(raw).strip()).isoformat()
    except ValueError as fault:
        raise Unreadable(f"“{raw}” is not a day ({parameter.label}).", "Write it like 2026-12-31.") from fault


def _amount(raw: Any, parameter: Parameter) -> str:
    text = str(raw).strip()
    if not re.fullmatch(r"\d{1,15}(\.\d{1,4})?", text, re.ASCII):
        raise Unreadable(f"“{text[:40]}” is not an amount ({parameter.label}).", "Write it like 25000.00.")
    return text


def _number(raw: Any, parameter: Parameter) -> int:
    low, high = parameter.low, parameter.high
    text = str(raw).strip()
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not low <= int(text) <= high:
        raise Unreadable(
            f"{parameter.label} is a whole number from {low} to {high}, not “{raw}”.",
            f"Write a number from {low} to {high}.",
        )
    return int(text)


def _choice(raw: Any, parameter: Parameter) -> str:
    text = str(raw).strip()
    if text not in {value for value, _ in parameter.choices}:
        offered = ", ".join(value for value, _ in parameter.choices)
        raise Unreadable(f"{parameter.label} cannot be “{text}”.", f"Choose one of: {offered}.")
    return text


def _choices(raw: Any, parameter: Parameter) -> list[str]:
    values = raw.split(",") if isinstance(raw, str) else list(raw)
    return sorted({_choice(value, parameter) for value in values})


def _words(raw: Any, parameter: Parameter) -> list[str]:
    parts = re.split(r"[,;\n]", raw) if isinstance(raw, str) else [str(part) for part in raw]
    words = sorted({part.strip() for part in parts if part.strip()})
    if not words or len(words) > 50 or any(len(word) > 60 for word in words):
        raise Unreadable(
            f"{parameter.label}: one to 50 entries of up to 60 characters.", "Separate them by commas."
        )
    return words


def _currency(raw: Any, parameter: Parameter) -> str:
    code = str(raw).strip().upper()
    try:
        exponent(code)
    except Invalid as fault:
        raise Unreadable(
            f"{parameter.label}: {fault.message}", fault.mend or "Use a code like EUR."
        ) from fault
    return code


def _language(raw: Any, parameter: Parameter) -> str:
    code = str(raw).strip()
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", code):
        raise Unreadable(
            f"“{code}” is not a language ({parameter.label}).", "Use a code like en, de or pt-BR."
        )
    return code


def _flag(raw: Any, _: Parameter) -> bool:
    return raw in (True, "on", "true", "1", 1)


READERS: dict[str, Callable[[Any, Parameter], Any]] = {
    "text": _text,
    "pattern": _pattern,
    "day": _day,
    "amount": _amount,
    "number": _number,
    "choice": _choice,
    "choices": _choices,
    "words": _words,
    "currency": _currency,
    "language": _language,
    "flag": _flag,
}
