"""Reading and writing many rows fast: the statements Django would send, without compiling every value.

For hot paths with tens of thousands of plain rows. Values go through the fields' own preparation only where
that changes something (JSON); everything else psycopg2 adapts as it is. What the database refuses surfaces as
`django.db` errors, as everywhere.
"""

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from io import StringIO
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState
from psycopg2.extras import Json, execute_values

Row = TypeVar("Row", bound=models.Model)
# Up to so many rows an INSERT is quicker than a COPY.
_FEW = 20


@contextmanager
def without_garbage_search() -> Iterator[None]:
    """Hold many new rows without looking for garbage among them: all of them live, and the search finds none.

    Of issuing thousands of documents it takes a quarter of the CPU. What is dropped is freed all the same.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def rows_of(model: type[Row], column: str, keys: Iterable[int], *, order: str = "id") -> list[Row]:
    """The rows of a model whose `column` is one of the keys, in the order of another column.

    For what a hot path always reads: the statement is the same each time, so nothing is compiled.
    """
    quote = connection.ops.quote_name
    return rows_where(model, f"{quote(column)} = ANY(%s) ORDER BY {quote(order)}", [list(keys)])


def rows_where(model: type[Row], tail: str, params: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    """The whole rows of a model for what follows WHERE: a condition, an order, a lock.

    `tail` is a text in the code, never from outside. Half the price of a `RawQuerySet`, which asks the
    columns of the answer and their converters anew each time.
    """
    names, columns, converters = _reading(model)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE {tail}", params)  # noqa: S608
        found = cursor.fetchall()
    if converters:
        for at, row in enumerate(found):
            values = list(row)
            for place, convert, expression in converters:
                values[place] = convert(values[place], expression, connection)
            found[at] = values
    return [_made(model, names, values) for values in found]


def _made(model: type[Row], names: Sequence[str], values: Sequence[Any]) -> Row:
    """`from_db` of a whole row without its detour through every field's descriptor."""
    row = model.__new__(model)
    vars(row).update(zip(names, values, strict=True))
    row._state = ModelState()
    row._state.adding, row._state.db = False, connection.alias
    return row


def new_row(model: type[Row], **values: Any) -> Row:
    """`model(**values)` at a tenth of its price, for rows made by the thousand: names are not checked.

    A related row is given by the name of its field, a key by that of its column's attribute.
    """
    defaults, made, related = _defaults(model)
    row = model.__new__(model)
    held = vars(row)
    held.update(defaults)
    for name, make in made:
        held[name] = make()
    row._state = ModelState()
    for name, value in values.items():
        if name in related:
            held[related[name]] = None if value is None else value.pk
            row._state.fields_cache[name] = value
        else:
            held[name] = value
    return row


@cache
def _defaults(
    model: type[models.Model],
) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]], dict[str, str]]:
    """What a new row begins with: fixed values, those made anew for each, and {relation: its attribute}."""
    fields = model._meta.concrete_fields
    made = [field for field in fields if field.has_default() and callable(field.default)]
    return (
        {field.attname: field.get_default() for field in fields if field not in made},
        [(field.attname, field.get_default) for field in made],
        {field.name: field.attname for field in fields if field.is_relation},
    )


@cache
def _reading(
    model: type[models.Model],
) -> tuple[list[str], str, list[tuple[int, Callable[..., Any], Any]]]:
    """Names of the fields, their columns, and what turns a column's value into the field's."""
    fields = model._meta.concrete_fields
    table = model._meta.db_table
    converters = []
    for place, field in enumerate(fields):
        expression = field.get_col(table)
        ours = connection.ops.get_db_converters(expression)
        converters += [
            (place, convert, expression) for convert in [*ours, *expression.get_db_converters(connection)]
        ]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    return [field.attname for field in fields], columns, converters


def insert_rows(rows: Sequence[Row], *, page_size: int = 2000) -> list[Row]:
    """Insert unsaved objects of one model in one statement per page; those without a key get theirs.

    Constraints and triggers hold as ever; signals are not sent, as with `bulk_create`.
    """
    found = list(rows)
    if not found:
        return found
    model = type(found[0])
    generates = found[0].pk is None
    columns, read = _shape(model, generates)
    key = connection.ops.quote_name(str(model._meta.pk.column))
    keys = run_values(
        f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) VALUES %s"  # noqa: S608
        + (f" RETURNING {key}" if generates else ""),
        [read(row) for row in found],
        page_size=page_size,
        fetch=generates,
    )
    for row, (pk,) in zip(found, keys, strict=True) if generates else ():
        row.pk = pk
        row._state.adding = False
    return found


def append_rows(rows: Iterable[models.Model]) -> None:
    """Insert unsaved objects of one model whose keys nobody asks for, by COPY; else as `insert_rows`."""
    found = list(rows)
    if found:
        model = type(found[0])
        names, read = _texts(model)
        copy_rows(model._meta.db_table, names, map(read, found))


def run_values(
    statement: str,
    rows: Sequence[Sequence[Any]],
    *,
    template: str | None = None,
    page_size: int = 2000,
    fetch: bool = False,
) -> list[tuple[Any, ...]]:
    """Run a statement with `VALUES %s` over the rows, a page at a time; what it returns when `fetch`."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        return (
            execute_values(
                cursor.cursor, statement, rows, template=template, page_size=page_size, fetch=fetch
            )
            or []
        )


@cache
def _shape(model: type[models.Model], generates: bool) -> tuple[str, Callable[[Any], tuple[Any, ...]]]:
    fields, read = _written(model, generates, Json)
    return ", ".join(connection.ops.quote_name(str(field.column)) for field in fields), read


@cache
def _texts(model: type[models.Model]) -> tuple[list[str], Callable[[Any], tuple[Any, ...]]]:
    fields, read = _written(model, True, json.dumps)
    return [str(field.column) for field in fields], read


def _written(
    model: type[models.Model], generates: bool, structure: Callable[[Any], Any]
) -> tuple[list[Any], Callable[[Any], tuple[Any, ...]]]:
    """The fields that are written, and what reads their values; JSON goes through `structure`."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and generates) and not field.has_db_default()
    ]
    values = attrgetter(*(field.attname for field in fields))
    structured = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]

    def read(row: models.Model) -> tuple[Any, ...]:
        found = values(row)
        if not structured:
            return found
        plain = list(found)
        for place in structured:
            plain[place] = None if plain[place] is None else structure(plain[place])
        return tuple(plain)

    return fields, read


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append plain rows to a table by COPY: a tenth of an INSERT's price, unless they are few.

    A value is a number, a truth, text (of a JSON column its JSON), a day, a time or None. Constraints and
    triggers hold as ever. `table` and `columns` are names in the code, never from outside.
    """
    found = list(rows)
    if len(found) <= _FEW:
        # COPY asks the server twice more than it is worth here.
        if found:
            names = ", ".join(connection.ops.quote_name(name) for name in columns)
            run_values(
                f"INSERT INTO {connection.ops.quote_name(table)} ({names}) VALUES %s",  # noqa: S608
                found,
            )
        return
    lines = StringIO()
    for row in found:
        lines.write("\t".join([r"\N" if value is None else _escaped(value) for value in row]))
        lines.write("\n")
    lines.seek(0)
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN", lines)


def _escaped(value: Any) -> str:
    text = str(value)
    if isinstance(value, str) and not text.isalnum():
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text
