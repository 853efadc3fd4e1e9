"""A text as a letter on paper: the markup that is frozen with the message, and its PDF."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.utils.safestring import mark_safe

from core import formatting
from core.errors import Refused
from core.paper import fill, print_markup, print_together
from correspondence.markup import parse, parse_line
from correspondence.models import Template
from correspondence.rendering import Rendered, frame_of, frame_text
from correspondence.rules import Value, check_name, check_one_line, check_template, check_values
from correspondence.writing import Table, Writer
from customers.models import Contact, Customer
from entities.models import Entity


class NoPostalAddress(Refused):
    """A letter has nowhere to go."""


def letter_address(customer: Customer, contacts: Sequence[Contact]) -> list[str]:
    """The lines of the window: customer, for whose attention, street, place. Refused when there is none."""
    address = customer.addresses.filter(kind="billing", is_active=True).first()
    if address is None:
        raise NoPostalAddress(
            f"{customer} has no postal address, so no letter is written.",
            field="address",
            rule="a_letter_has_an_address",
            mend="Add the billing address to the customer.",
        )
    place = f"{address.postal_code} {address.city}".strip()
    country = [address.country] if address.country != customer.entity.country else []
    attention = [contacts[0].name] if contacts and contacts[0].name != customer.name else []
    lines = [customer.legal_name or customer.name, *attention, *map(str, address.lines), place, *country]
    for line in lines:
        check_one_line(line, field="address")
    return lines


def render_letter(
    template: Template,
    variables: Mapping[str, Value | None],
    *,
    entity: Entity,
    address: Sequence[str],
    on: date,
) -> Rendered:
    """A stored text as a letter dated `on`. The same arguments give the same bytes."""
    check_template(template.situation, template.subject, template.body)
    given = check_values(template.situation, variables)
    frame = frame_of(entity)
    check_name(frame.seller, field="seller_name")
    writer = Writer(given, template.situation, template.language, frame.country)
    subject = writer.plain(parse_line(template.subject)).strip()
    blocks = [block for block in parse(template.body) if block.kind != "heading"]
    written = "".join(writer.html_block(block, _paper_table) for block in blocks)
    text = "\n\n".join(writer.text_block(block) for block in blocks)
    dated = formatting.long_date(on, writer.locale)
    regards = writer.words["regards"]
    view = {
        "language": writer.language,
        "title": subject,
        "seller": frame.seller,
        "seller_lines": _seller_lines(entity),
        "address": address,
        "date": dated,
        "body": mark_safe(written),  # noqa: S308 (every value in it is escaped by the writer)
        "facts": [fact for fact in frame_text(writer) if fact[0] != writer.words["question"]],
        "regards": regards,
        "help": _help(writer, entity),
        "footer": " · ".join(part for part in (frame.seller, frame.footer) if part),
        "words": writer.words,
        "colour": frame.colour,
    }
    markup = fill("correspondence/letter/letter.html", view)
    plain = "\n\n".join(["\n".join(address), dated, subject, text, f"{regards}\n{frame.seller}"])
    return Rendered(subject, markup, plain + "\n")


def letter_pdf(markup: str) -> bytes:
    """The letter on paper. The same markup gives the same bytes."""
    return print_markup(markup, identifier=_identifier(markup))


def letters_pdf(markups: Iterable[str], named: str) -> bytes:
    """Several letters in one file, in their order, each from a page of its own. At least one.

    `named`: what the file is told from others by, like the hashes of the letters.
    """
    return print_together(markups, identifier=_identifier(named))


def _identifier(text: str) -> bytes:
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def _seller_lines(entity: Entity) -> list[str]:
    place = f"{entity.postal_code} {entity.city}".strip()
    return [line for line in (*entity.address_lines, place, entity.email) if line]


def _help(w: Writer, entity: Entity) -> str:
    parts = [w.value(name) for name in ("contact_phone", "contact_email") if w.has(name)]
    return f"{w.words['question']} {' · '.join(parts) or entity.email}"


def _paper_table(table: Table) -> str:
    """A table for paper: its columns share the width, the first takes what is left."""
    head = "".join(
        f'<th scope="col" class="{"" if right else "what"}">{html.escape(name)}</th>'
        for name, right in zip(table.heads, table.right, strict=True)
    )
    rows = []
    for number, row in enumerate(table.rows):
        is_sum = number >= len(table.rows) - table.sums
        cells = "".join(
            f'<td class="{"" if right else "what"}">{_strong(cell, is_sum=is_sum)}</td>'
            for cell, right in zip(row, table.right, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    return f'<table class="letter"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _strong(cell: str, *, is_sum: bool) -> str:
    first, _, note = html.escape(cell).partition("\n")
    shown = f"<b>{first}</b>" if is_sum and first else first
    return f"{shown}\n<small>{note}</small>" if note else shown
