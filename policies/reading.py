"""Reading clauses from JSON: everything that is wrong is said at once, with field, reason and mend."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.errors import DomainError, Invalid, Problem, problem
from core.money import EXPONENTS, exact, is_exact
from core.terms import check_percentages, parse_terms
from policies.clauses import (
    CHANNELS,
    METHODS,
    ORDERS,
    RECIPIENTS,
    REGIMES,
    STATUTORY,
    TITLES,
    TONES,
    Clauses,
    Interest,
    Offer,
    Part,
    Step,
    Tolerance,
)


def from_json(data: Mapping[str, Any]) -> Clauses:
    """Read and check clauses. `Invalid` lists every fault with its field, why it is one, and the mend."""
    reader = _Reader(data)
    clauses = reader.clauses()
    problems = reader.problems or list(_faults(clauses))
    if problems:
        count = f"{len(problems)} clauses are not right." if len(problems) > 1 else problems[0]["message"]
        raise Invalid(count, field=problems[0]["field"], rule=problems[0]["rule"], problems=problems)
    return clauses


class _Reader:
    """Turns JSON into clauses and collects what cannot be read; that becomes the default."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def clauses(self) -> Clauses:
        data, usual = self.data, Clauses()
        for name in sorted(set(data) - set(Clauses.__dataclass_fields__)):
            self._fault(name, f"“{name}” is no clause.", "Remove it.")
        texts, approval = self._object("texts"), self._object("approval")
        for key in sorted(set(texts) - set(TITLES)):
            self._fault(f"texts.{key}", f"“{key}” is no clause.", "Remove it.")
        allowance = self._object("tolerance")
        return Clauses(
            terms=str(data.get("terms", usual.terms)),
            instalments=tuple(
                Part(self._decimal(row, "pct", f"instalments[{at}]"), str(row.get("terms", "")))
                for at, row in enumerate(self._rows("instalments"))
            ),
            early_discount=self._offer(self._object("early_discount")),
            late_interest=self._interest(self._object("late_interest")),
            ladder=tuple(self._step(row, f"ladder[{at}]") for at, row in enumerate(self._rows("ladder"))),
            allocation_order=self._names(data, "allocation_order", usual.allocation_order),
            tolerance=Tolerance(
                self._optional(allowance, "absolute", "tolerance"),
                self._optional(allowance, "pct", "tolerance"),
                allowance.get("absorb_over") is True,
            ),
            dispute_window_days=self._whole(data, "dispute_window_days", "", usual.dispute_window_days),
            methods=self._names(data, "methods", usual.methods),
            approval={str(name): self._decimal(approval, name, "approval") for name in approval},
            notice_days=self._whole(data, "notice_days", "", usual.notice_days),
            currency=str(data.get("currency", usual.currency)),
            texts={str(key): str(text).strip() for key, text in texts.items()},
        )

    def _offer(self, row: Mapping[str, Any]) -> Offer | None:
        where = "early_discount"
        return Offer(self._decimal(row, "pct", where), self._whole(row, "days", where)) if row else None

    def _interest(self, row: Mapping[str, Any]) -> Interest | None:
        if not row:
            return None
        return Interest(
            str(row.get("regime", "")),
            self._decimal(row, "margin", "late_interest"),
            str(row.get("fixed_sum") or ""),
            self._whole(row, "basis", "late_interest", 365),
        )

    def _object(self, name: str) -> Mapping[str, Any]:
        value = self.data.get(name)
        if value is not None and not isinstance(value, Mapping):
            self._fault(name, "This is no object with named values.", "Look at a published policy.")
            return {}
        return value or {}

    def _rows(self, name: str) -> list[Mapping[str, Any]]:
        value = self.data.get(name) or []
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            self._fault(name, "This is no list of objects.", "Look at a published policy.")
            return []
        return value

    def _names(self, row: Mapping[str, Any], name: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        value = row.get(name, usual)
        if not isinstance(value, list | tuple):
            self._fault(name, "This is no list of names.", f"For example {list(usual)}.")
            return usual
        return tuple(map(str, value))

    def _step(self, row: Mapping[str, Any], where: str) -> Step:
        return Step(
            self._whole(row, "day", where),
            self._whole(row, "tone", where, 1),
            str(row.get("channel", "email")),
            str(row.get("situation", "")),
            self._names(row, "recipients", ("billing",)),
            *self._fee(row, where),
            row.get("interest") is True,
        )

    def _fee(self, row: Mapping[str, Any], where: str) -> tuple[Decimal, bool]:
        """(amount, whether it is the fixed sum of the law)."""
        if row.get("fee") == STATUTORY:
            return Decimal(0), True
        return self._decimal(row, "fee", where), False

    def _optional(self, row: Mapping[str, Any], name: str, where: str) -> Decimal | None:
        return None if row.get(name) in (None, "") else self._decimal(row, name, where)

    def _decimal(self, row: Mapping[str, Any], name: str, where: str) -> Decimal:
        value = row.get(name)
        if value in (None, ""):
            return Decimal(0)
        try:
            exact(value)
        except Invalid as refusal:
            self._fault(_path(where, name), refusal.message, "Write a number like 2.5.")
            return Decimal(0)
        return Decimal(value)

    def _whole(self, row: Mapping[str, Any], name: str, where: str, usual: int = 0) -> int:
        value = row.get(name, usual)
        try:
            number = exact(value)
        except Invalid:
            number = None
        if number is None or number.denominator != 1:
            self._fault(_path(where, name), f"“{value}” is no whole number.", "Write a number like 30.")
            return usual
        return int(number)

    def _fault(self, where: str, message: str, mend: str) -> None:
        self.problems.append(problem(message, field=where, rule="clause_is_readable", mend=mend))


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _faults(clauses: Clauses) -> Iterator[Problem]:
    """What is readable but not right."""
    yield from _terms_faults(clauses)
    yield from _money_faults(clauses)
    yield from _ladder_faults(clauses.ladder)
    for name, given, known in (
        ("methods", clauses.methods, METHODS),
        ("allocation_order", clauses.allocation_order, ORDERS),
    ):
        yield from _choices(name, given, known)
    if not clauses.methods:
        yield problem(
            "Customers need a way to pay.", field="methods", rule="a_method_is_offered", mend="Choose one."
        )
    for name, value in (
        ("dispute_window_days", clauses.dispute_window_days),
        ("notice_days", clauses.notice_days),
    ):
        if not 0 <= value <= 365:
            yield problem(
                f"{value} days is out of range.", field=name, rule="days_in_range", mend="Use 0 to 365."
            )


def _terms_faults(clauses: Clauses) -> Iterator[Problem]:
    named = [("terms", clauses.terms)]
    named += [(f"instalments[{at}].terms", part.terms) for at, part in enumerate(clauses.instalments)]
    checks: list[tuple[str, Callable[[], object]]] = [
        (where, functools.partial(parse_terms, terms)) for where, terms in named
    ]
    if clauses.instalments:
        percentages = [part.pct for part in clauses.instalments]
        checks.append(("instalments", functools.partial(check_percentages, percentages)))
    for where, check in checks:
        try:
            check()
        except DomainError as refusal:
            yield problem(refusal.message, field=where, rule=refusal.rule or "", mend=refusal.mend or "")


def _money_faults(clauses: Clauses) -> Iterator[Problem]:
    if clauses.currency not in EXPONENTS:
        message = f"“{clauses.currency}” is not a currency."
        yield problem(message, field="currency", rule="currency_is_known", mend="For example EUR.")
        return
    amounts = {"tolerance.absolute": clauses.tolerance.absolute or Decimal(0)}
    amounts |= {f"ladder[{at}].fee": step.fee for at, step in enumerate(clauses.ladder)}
    amounts |= {f"approval.{name}": limit for name, limit in clauses.approval.items()}
    for where, value in amounts.items():
        if value < 0 or not is_exact(value, clauses.currency):
            message = f"{value} is no amount in {clauses.currency}."
            yield problem(
                message, field=where, rule="amount_fits_currency", mend="Use zero or more, in full cents."
            )
    share = clauses.tolerance.pct or Decimal(0)
    if not 0 <= share <= 100:
        yield _percentage("tolerance.pct", share)
    offer, interest = clauses.early_discount, clauses.late_interest
    if offer and (not 0 < offer.pct < 100 or not 0 <= offer.days <= 365):
        yield _percentage("early_discount.pct", offer.pct)
    if interest:
        yield from _interest_faults(interest)


def _interest_faults(interest: Interest) -> Iterator[Problem]:
    regime = REGIMES.get(interest.regime)
    if regime is None:
        message = f"“{interest.regime}” is no interest regime."
        mend = f"Choose one of {', '.join(REGIMES)}."
        yield problem(message, field="late_interest.regime", rule="regime_is_known", mend=mend)
    elif interest.margin < regime.least_margin:
        message = f"{interest.margin} points are less than the {regime.least_margin} of {regime.source}."
        mend = f"Use at least {regime.least_margin}, or the regime “contract”."
        yield problem(message, field="late_interest.margin", rule="margin_is_lawful", mend=mend)
    if interest.fixed_sum not in ("", "EU", "UK"):
        message = f"“{interest.fixed_sum}” is no fixed sum."
        yield problem(
            message, field="late_interest.fixed_sum", rule="fixed_sum_is_known", mend="Use EU or UK."
        )
    if interest.basis not in (360, 365):
        message = "Interest counts 360 or 365 days a year."
        yield problem(message, field="late_interest.basis", rule="basis_is_known", mend="Use 365.")


def _ladder_faults(ladder: Sequence[Step]) -> Iterator[Problem]:
    for at, step in enumerate(ladder):
        where = f"ladder[{at}]"
        before = ladder[at - 1] if at else None
        if before and step.day <= before.day:
            message = f"Step {at + 1} is on day {step.day}, not after day {before.day}."
            yield problem(message, field=f"{where}.day", rule="steps_rise", mend="Order the steps by day.")
        if step.tone not in TONES or (before and not before.tone <= step.tone <= before.tone + 1):
            message = f"Step {at + 1} jumps to tone {step.tone}."
            mend = "Tones are 1 to 5, start anywhere, and rise by at most one from step to step."
            yield problem(message, field=f"{where}.tone", rule="tone_rises_by_one", mend=mend)
        if not step.situation:
            message = f"Step {at + 1} names no situation."
            yield problem(
                message, field=f"{where}.situation", rule="step_has_a_situation", mend="Choose one."
            )
        yield from _choices(f"{where}.channel", (step.channel,), CHANNELS)
        yield from _choices(f"{where}.recipients", step.recipients, RECIPIENTS)


def _choices(where: str, given: Sequence[str], known: Sequence[str]) -> Iterator[Problem]:
    for value in given:
        if value not in known or given.count(value) > 1:
            message = f"“{value}” is given twice." if value in known else f"“{value}” is not known."
            mend = f"Choose from {', '.join(known)}, each once."
            yield problem(message, field=where, rule="choice_is_known", mend=mend)


def _percentage(where: str, value: Decimal) -> Problem:
    return problem(
        f"{value} % is out of range.", field=where, rule="percentage_in_range", mend="Use 0 to 100."
    )
