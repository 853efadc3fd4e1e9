"""Bring in invoices and their settlements from another system's CSV file: dry run first, then the import."""

import time
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.alike import by_reason
from core.cells import ORDERS
from core.errors import DomainError, Problem
from entities.models import Entity
from integrations import operations
from integrations.operations import Outcome
from integrations.queries import first_reading
from integrations.receivables import FIELDS, Reading

NAMED = 20
"""How many new customers are named one by one."""


class Command(BaseCommand):
    """A second run of the same file changes nothing."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and how to read it; what is not said is guessed and shown."""
        parser.add_argument("file", type=Path, help="a CSV file with headings in its first line")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument("--entity", help="code of the selling company; needed where there are several")
        parser.add_argument("--currency", help="currency of rows that name none (the company's own)")
        orders = "; ".join(f"{code}: {words}" for code, words in sorted(ORDERS.items()))
        parser.add_argument(
            "--day-order", choices=sorted(ORDERS), metavar="ORDER", help=f"how days are written; {orders}"
        )
        parser.add_argument(
            "--decimal",
            choices=[".", ","],
            metavar="MARK",
            help="the decimal mark: . as in 1234.50, or , as in 1234,50",
        )
        parser.add_argument(
            "--mapping",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"column of a field; fields are {', '.join(FIELDS)}; FIELD= leaves it out",
        )

    def handle(self, **options: Any) -> None:
        """Read, try, and unless it is a dry run import."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            entity = _entity(options["entity"])
            reading = _reading(path, entity, options)
            self._show_reading(reading, entity)
            if options["dry_run"]:
                self._show(operations.try_receivables(path, reading, entity, now=timezone.now()), dry=True)
                return
            began = time.monotonic()
            outcome = operations.import_receivables(path, reading, entity, actor=None, now=timezone.now())
            self._show(outcome, dry=False)
            self.stdout.write(f"{time.monotonic() - began:.1f} s")
        except DomainError as refusal:
            lines = [_words(problem) for problem in refusal.problems]
            raise CommandError("\n".join(lines)) from refusal
        if outcome.faulty:
            left = _many(outcome.faulty, "row")
            raise CommandError(
                f"{left} {'was' if outcome.faulty == 1 else 'were'} left out; see above.", returncode=2
            )

    def _show_reading(self, reading: Reading, entity: Entity) -> None:
        named = ", ".join(f"{field} = {column}" for field, column in reading.columns.items() if column)
        self.stdout.write(
            f"{entity}: {named}; days as {ORDERS.get(reading.day_order, '?')};"
            f" {reading.currency} unless a row says otherwise"
        )

    def _show(self, outcome: Outcome, *, dry: bool) -> None:
        for reason in by_reason(fault.as_failure() for fault in outcome.faults):
            many = f" {reason.count} rows." if reason.count > 1 else ""
            self.stderr.write(f"{reason.where}, {reason.field}: {reason.message}{many} {reason.mend}".strip())
        were = "would be" if dry else "was" if outcome.new == 1 else "were"
        settled = ", ".join(f"{amount} {currency}" for currency, amount in sorted(outcome.settled.items()))
        owed = ", ".join(f"{amount} {currency}" for currency, amount in sorted(outcome.owed.items()))
        self.stdout.write(
            f"{_many(outcome.rows, 'row')}: {outcome.new} {were} imported ({settled or 'nothing'} settled,"
            f" {owed or 'nothing'} owed, {outcome.disputed} disputed);"
            f" {outcome.known} {'is' if outcome.known == 1 else 'are'} here already;"
            f" {outcome.faulty} {'has' if outcome.faulty == 1 else 'have'} faults"
        )
        if added := outcome.new_customers:
            names = [f"{name} ({number})" for number, name in sorted(added.items())]
            rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            verb = "would be" if dry else "was" if len(names) == 1 else "were"
            self.stdout.write(
                f"{_many(len(names), 'new customer')} {verb} added: {', '.join(names[:NAMED])}{rest}"
            )
        if not outcome.new and not outcome.faulty:
            self.stdout.write("Nothing changes.")


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _words(wrong: Problem) -> str:
    """What is wrong, with the option that mends it."""
    options = {
        "needed_columns_are_named": f"Name it: --mapping {wrong['field']}=COLUMN.",
        "columns_exist": f"{wrong['mend']} Write --mapping {wrong['field']}=COLUMN.",
        "order_of_days_is_known": "Say which: --day-order mdy, dmy or ymd.",
        "currency_is_known": f"{wrong['mend']} Write --currency CODE.",
    }
    mend = options.get(wrong["rule"], wrong["mend"])
    return f"{wrong['field']}: {wrong['message']} {mend}".strip()


def _entity(code: str | None) -> Entity:
    found = list(Entity.objects.filter(is_active=True, **({"code": code.upper()} if code else {})))
    if len(found) == 1:
        return found[0]
    known = ", ".join(Entity.objects.filter(is_active=True).order_by("code").values_list("code", flat=True))
    if code or not known:
        raise CommandError(f"There is no company {code or ''}. There are: {known or 'none'}.")
    raise CommandError(f"Say for which company: --entity, one of {known}.")


def _reading(path: Path, entity: Entity, options: dict[str, Any]) -> Reading:
    reading = first_reading(path, currency=options["currency"] or entity.functional_currency)
    columns = dict(reading.columns)
    for pair in options["mapping"]:
        field, separator, column = pair.partition("=")
        if not separator or field not in FIELDS:
            raise CommandError(f"--mapping {pair}: write FIELD=COLUMN with one of {', '.join(FIELDS)}.")
        columns[field] = column.strip()
    reading = replace(reading, columns={field: column for field, column in columns.items() if column})
    # The days of another column may tell more.
    reading = first_reading(path, currency=reading.currency, columns=reading.columns)
    return replace(
        reading,
        day_order=options["day_order"] or reading.day_order,
        decimal=options["decimal"] or reading.decimal,
    )
