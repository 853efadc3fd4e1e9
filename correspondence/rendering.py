"""Template and values to the subject, HTML and text of a message. Preview and hand-over use this one way."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import css_inline
from babel import Locale
from django.template import Context, Engine
from django.utils.safestring import mark_safe

from core import formatting

from .defaults import FRAME
from .markup import Block, Line, Piece, parse, parse_line
from .rules import (
    LINK,
    Amount,
    Value,
    check_name,
    check_one_line,
    check_template,
    check_values,
    empty_variable,
    variables_of,
)

__all__ = ["Frame", "Rendered", "check_template", "render", "render_message"]

ROOT = Path(__file__).resolve().parents[1]
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DARK, _LIGHT = "#16191f", "#ffffff"


@dataclass(frozen=True)
class Rendered:
    """A message as it is frozen and sent."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Frame:
    """Who sends: name and colour at the top, name and `footer` at the foot, the country for numbers."""

    seller: str
    colour: str = "#4f46e5"
    footer: str = ""
    country: str = ""


class _Template(Protocol):
    situation: str
    language: str
    subject: str
    body: str


def render(template: _Template, variables: Mapping[str, Value | None], *, entity: Any) -> Rendered:
    """A stored template for a selling company, with its name, colour and address around the text."""
    address = ", ".join(
        part for part in (*entity.address_lines, f"{entity.postal_code} {entity.city}".strip()) if part
    )
    footer = " · ".join(part for part in (address, entity.registration_text) if part)
    frame = Frame(entity.legal_name, entity.colour, footer, entity.country)
    return render_message(
        template.subject,
        template.body,
        variables,
        language=template.language,
        situation=template.situation,
        frame=frame,
    )


def render_message(
    subject_tpl: str,
    body_tpl: str,
    variables: Mapping[str, Value | None],
    *,
    language: str,
    situation: str,
    frame: Frame | None = None,
) -> Rendered:
    """Fill a template in. The same arguments give the same bytes.

    Raises UnknownVariable, EmptyVariable, or UnsafeText (line breaks and direction marks in values).
    """
    check_template(situation, subject_tpl, body_tpl)
    given = check_values(situation, variables)
    frame = frame or Frame(str(given["seller_name"]))
    check_name(frame.seller, field="seller_name")
    check_one_line(frame.footer, field="footer")
    writer = _Writer(given, situation, language, frame.country)
    subject = writer.plain(parse_line(subject_tpl)).strip()
    blocks = parse(body_tpl)
    context = {**_frame_context(writer, frame), "subject": subject}
    context["body"] = mark_safe("".join(writer.html_block(block) for block in blocks))  # noqa: S308
    context["text"] = "\n\n".join(writer.text_block(block) for block in blocks)
    rendered = _template("html").render(Context({"m": context}, use_l10n=False, use_tz=False))
    text = _template("txt").render(Context({"m": context}, use_l10n=False, use_tz=False))
    return Rendered(subject, _inliner().inline(rendered), text.strip() + "\n")


class _Writer:
    """Values in the reader's language."""

    def __init__(self, given: Mapping[str, Value], situation: str, language: str, country: str) -> None:
        self.given, self.situation = given, situation
        self.kinds = {name: variable.kind for name, variable in variables_of(situation).items()}
        self.locale: Locale = formatting.reader_locale(language, country)
        base = self.locale.language
        self.language = base if base in FRAME else "en"
        self.words = FRAME[self.language]

    def value(self, name: str) -> str:
        """The value as text. A variable without one stops the message."""
        if name not in self.given:
            raise empty_variable(name)
        value = self.given[name]
        if isinstance(value, Amount):
            return formatting.money(value.value, value.currency, self.locale)
        if isinstance(value, date):
            return formatting.weekday_date(value, self.locale)
        return str(value)

    def has(self, name: str) -> bool:
        return name in self.given

    def plain(self, line: Line) -> str:
        return "".join(self.value(piece.text) if piece.is_variable else piece.text for piece in line)

    def html_line(self, line: Line) -> str:
        return "".join(self._html_piece(piece) for piece in line)

    def _html_piece(self, piece: Piece) -> str:
        shown = html.escape(self.value(piece.text) if piece.is_variable else piece.text)
        if piece.is_variable and self.kinds[piece.text] == LINK:
            shown = f'<a href="{shown}">{shown}</a>'
        return f"<b>{shown}</b>" if piece.bold else shown

    def html_block(self, block: Block) -> str:
        lines = [self.html_line(line) for line in block.lines]
        if block.kind == "list":
            return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
        tag = "h1" if block.kind == "heading" else "p"
        return f"<{tag}>{'<br>'.join(lines)}</{tag}>"

    def text_block(self, block: Block) -> str:
        mark = "- " if block.kind == "list" else ""
        return "\n".join(mark + self.plain(line) for line in block.lines)


def _frame_context(w: _Writer, frame: Frame) -> dict[str, Any]:
    colour = frame.colour if _COLOUR.fullmatch(frame.colour) else "#4f46e5"
    amount = w.value("amount_due" if w.situation == "invoice" else "amount")
    under = _under(w)
    phone = w.value("contact_phone") if w.has("contact_phone") else ""
    to_pay = {"account": "bank_account", "reference": "payment_reference"} if w.situation == "invoice" else {}
    facts: Sequence[tuple[str, str]] = [
        *((w.words[word], w.value(name)) for word, name in to_pay.items() if w.has(name)),
        (w.words["question"], w.words["call"].format(phone=phone) if phone else w.words["reply"]),
    ]
    return {
        "language": w.language,
        "preheader": f"{amount}. {under}",
        "seller": frame.seller,
        "mark": (frame.seller.strip() or "?")[0].upper(),
        "colour": colour,
        "on_colour": _readable_on(colour),
        "card_name": f"{w.words[w.situation]} {w.value('document_number')}",
        "card_amount": amount,
        "card_under": under,
        "link": w.value("public_link"),
        "button": w.words["pay" if w.situation == "invoice" else "see"],
        "facts": facts,
        "fraud": w.words["fraud"],
        "terms": w.words["terms"],
        "terms_link": w.value("policy_link") if w.has("policy_link") else "",
        "footer": " · ".join(part for part in (frame.seller, frame.footer) if part),
    }


def _under(w: _Writer) -> str:
    """The small line below the amount: when, by which order, and what else matters."""
    parts = {
        "invoice": ("due", "due_on"),
        "credit_note": ("corrects", "credited_number"),
        "payment_received": ("received", "received_on"),
    }
    word, name = parts[w.situation]
    found = [w.words[word].format(date=w.value(name), number=w.value(name))]
    if w.has("po_number"):
        found.append(w.words["order"].format(number=w.value("po_number")))
    if w.has("discount_amount") and w.has("discount_until"):
        discount = {"amount": w.value("discount_amount"), "date": w.value("discount_until")}
        found.append(w.words["discount"].format(**discount))
    if w.has("open_amount"):
        found.append(w.words["open"].format(amount=w.value("open_amount")))
    return " · ".join(found)


def _readable_on(colour: str) -> str:
    """White or near black, whichever is readable on the company's colour (WCAG relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _LIGHT if 1.05 / (luminance + 0.05) >= 4.5 else _DARK


@lru_cache(maxsize=2)
def _template(kind: str) -> Any:
    return Engine(dirs=[str(ROOT / "templates")], autoescape=True).get_template(
        f"correspondence/mail/invoice.{kind}"
    )


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
