"""Values and blocks of a text in the reader's language, as HTML and as plain text. Pure."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from babel import Locale

from core import formatting
from core.money import round_money

from .frame import FRAME
from .markup import Block, Line, Piece, lone_variable
from .rules import LINK, TABLES, Amount, Instalment, Item, Value, empty_variable, variables_of
from .values import LINES, totals_of


@dataclass(frozen=True)
class Table:
    """A table as words: heads, rows, and per column whether it is set to the right."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool]
    # The last rows are sums.
    sums: int = 0


class TableWriter(Protocol):
    """How a table becomes HTML: a mail and a letter differ."""

    def __call__(self, table: Table) -> str: ...


class Writer:
    """Values in the reader's language."""

    def __init__(self, given: Mapping[str, Value], situation: str, language: str, country: str) -> None:
        self.given, self.situation = given, situation
        self.kinds = {name: variable.kind for name, variable in variables_of(situation).items()}
        self.locale: Locale = formatting.reader_locale(language, country)
        base = self.locale.language
        self.language = base if base in FRAME else "en"
        self.words = FRAME[self.language]
        # A message says each of them several times: as HTML, as text, and above it.
        self._amounts: dict[tuple[Decimal, str], str] = {}
        self._tables: dict[str, Table] = {}

    def value(self, name: str) -> str:
        """The value as text. A variable without one stops the message."""
        if name not in self.given:
            raise empty_variable(name)
        value = self.given[name]
        if isinstance(value, Amount):
            return self.money(value)
        if isinstance(value, date):
            return formatting.weekday_date(value, self.locale)
        if isinstance(value, tuple):
            return formatting.join((self.money(row) for row in value if isinstance(row, Amount)), self.locale)
        return str(value).replace("\r\n", "\n")

    def money(self, amount: Amount) -> str:
        key = (amount.value, amount.currency)
        if key not in self._amounts:
            # A sum from the book has the four decimals of its column.
            rounded = round_money(amount.value, amount.currency)
            self._amounts[key] = formatting.money(rounded, amount.currency, self.locale)
        return self._amounts[key]

    def has(self, name: str) -> bool:
        return name in self.given

    def plain(self, line: Line) -> str:
        return "".join(self.value(piece.text) if piece.is_variable else piece.text for piece in line)

    def html_line(self, line: Line) -> str:
        return "".join(self._html_piece(piece) for piece in line)

    def _html_piece(self, piece: Piece) -> str:
        shown = html.escape(self.value(piece.text) if piece.is_variable else piece.text)
        kind = self.kinds[piece.text] if piece.is_variable else ""
        if kind == LINK:
            shown = f'<a href="{shown}">{shown}</a>'
        if kind == LINES:
            shown = shown.replace("\n", "<br/>")
        return f"<b>{shown}</b>" if piece.bold else shown

    def html_block(self, block: Block, table: TableWriter) -> str:
        if name := self._table_name(block):
            return table(self.table(name))
        lines = [self.html_line(line) for line in block.lines]
        if block.kind == "list":
            return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
        tag = "h1" if block.kind == "heading" else "p"
        return f"<{tag}>{'<br/>'.join(lines)}</{tag}>"

    def text_block(self, block: Block) -> str:
        if name := self._table_name(block):
            return aligned(self.table(name))
        mark = "- " if block.kind == "list" else ""
        return "\n".join(mark + self.plain(line) for line in block.lines)

    def _table_name(self, block: Block) -> str:
        name = lone_variable(block)
        return name if self.kinds.get(name) in TABLES else ""

    def table(self, name: str) -> Table:
        """The rows behind a variable, with their sums per currency."""
        if name not in self._tables:
            self._tables[name] = self._table(name)
        return self._tables[name]

    def _table(self, name: str) -> Table:
        if name not in self.given:
            raise empty_variable(name)
        value = self.given[name]
        rows = value if isinstance(value, tuple) else ()
        items = [row for row in rows if isinstance(row, Item)]
        if items:
            return self._items(items)
        return self._instalments([row for row in rows if isinstance(row, Instalment)])

    def _items(self, items: Sequence[Item]) -> Table:
        w = self.words
        heads = (w["col_document"], w["col_issued"], w["col_due"], w["col_late"], w["col_open"])
        late = any(item.days_overdue > 0 for item in items)
        rows = [self._item(item) for item in items]
        rows += [(w["sum"], "", "", "", self.money(total)) for total in totals_of(items)]
        keep = [0, 1, 2, *([3] if late else []), 4]
        return Table(
            [heads[at] for at in keep],
            [[row[at] for at in keep] for row in rows],
            [at >= 3 for at in keep],
            sums=len(rows) - len(items),
        )

    def _item(self, item: Item) -> tuple[str, str, str, str, str]:
        number = item.number
        if item.disputed:
            number += f"\n{self.words['disputed'].format(amount=self.money(item.disputed))}"
        days = self.words["days"].format(n=item.days_overdue) if item.days_overdue > 0 else "–"
        return (
            number,
            formatting.medium_date(item.issued_on, self.locale),
            formatting.medium_date(item.due_on, self.locale),
            days if item.days_overdue != 1 else self.words["day"],
            self.money(item.amount),
        )

    def _instalments(self, parts: Sequence[Instalment]) -> Table:
        rows = [
            [str(number), formatting.weekday_date(part.due_on, self.locale), self.money(part.amount)]
            for number, part in enumerate(parts, start=1)
        ]
        heads = ["", self.words["col_due"], self.words["col_amount"]]
        return Table(heads, rows, [False, False, True])


def aligned(table: Table) -> str:
    """The table in lines of equal columns, for plain text; the second line of a cell is a line below."""
    lines: list[list[str]] = [list(table.heads)]
    for row in table.rows:
        first = [cell.partition("\n")[0] for cell in row]
        lines.append(first)
        notes = [cell.partition("\n")[2] for cell in row]
        lines += [[f"  {note}"] for note in notes if note]
    whole = [line for line in lines if len(line) == len(table.heads)]
    widths = [max(_width(line[at]) for line in whole) for at in range(len(table.heads))]
    written = []
    for line in lines:
        if len(line) != len(table.heads):
            written.append(line[0])
            continue
        cells = [
            _padded(cell, width, right=right)
            for cell, width, right in zip(line, widths, table.right, strict=True)
        ]
        written.append("  ".join(cells).rstrip())
    return "\n".join(written)


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _width(text: str) -> int:
    """Columns the text takes: marks that stand above or below a letter take none."""
    if text.isascii():
        return len(text)
    return sum(unicodedata.category(letter) not in {"Mn", "Me", "Cf"} for letter in text)
