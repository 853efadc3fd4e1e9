"""Template and values to the subject, HTML and text of a message. Preview and hand-over use this one way."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import css_inline
from django.template import Context, Engine
from django.utils.safestring import mark_safe

from core import formatting

from .cards import CARDS, Card
from .markup import Block, Piece, parse, parse_line
from .rules import Value, check_name, check_one_line, check_template, check_values
from .values import Item
from .writing import Table, Writer

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
    return render_message(
        template.subject,
        template.body,
        variables,
        language=template.language,
        situation=template.situation,
        frame=frame_of(entity),
    )


def frame_of(entity: Any) -> Frame:
    """The company's name, colour and address as they stand around a text."""
    address = ", ".join(
        part for part in (*entity.address_lines, f"{entity.postal_code} {entity.city}".strip()) if part
    )
    footer = " · ".join(part for part in (address, entity.registration_text) if part)
    return Frame(entity.legal_name, entity.colour, footer, entity.country)


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
    line, blocks = _parsed(situation, subject_tpl, body_tpl)
    given = check_values(situation, variables)
    frame = frame or Frame(str(given["seller_name"]))
    check_name(frame.seller, field="seller_name")
    check_one_line(frame.footer, field="footer")
    writer = Writer(given, situation, language, frame.country)
    subject = writer.plain(line).strip()
    context = {**_frame_context(writer, frame), "subject": subject}
    context["body"] = mark_safe("".join(writer.html_block(block, _mail_table) for block in blocks))  # noqa: S308
    context["text"] = "\n\n".join(writer.text_block(block) for block in blocks)
    rendered = _template("html").render(Context({"m": context}, use_l10n=False, use_tz=False))
    text = _template("txt").render(Context({"m": context}, use_l10n=False, use_tz=False))
    return Rendered(subject, _inliner().inline(rendered), text.strip() + "\n")


@lru_cache(maxsize=256)
def _parsed(situation: str, subject: str, body: str) -> tuple[Sequence[Piece], Sequence[Block]]:
    """A text that may be sent, as pieces; one text makes many messages."""
    check_template(situation, subject, body)
    return parse_line(subject), parse(body)


def _frame_context(w: Writer, frame: Frame) -> dict[str, Any]:
    colour = frame.colour if _COLOUR.fullmatch(frame.colour) else "#4f46e5"
    card = CARDS.get(w.situation)
    shown = _card(w, card) if card else {}
    link = w.value("public_link") if w.has("public_link") else ""
    return {
        "language": w.language,
        "preheader": ". ".join(part for part in (shown.get("amount"), shown.get("under")) if part),
        "seller": frame.seller,
        "mark": (frame.seller.strip() or "?")[0].upper(),
        "colour": colour,
        "on_colour": _readable_on(colour),
        "card": shown,
        "link": link,
        "button": w.words[card.button if card else "see_page"],
        "facts": frame_text(w),
        "fraud": w.words["fraud"],
        "terms": w.words["terms"],
        "terms_link": w.value("policy_link") if w.has("policy_link") else "",
        "footer": " · ".join(part for part in (frame.seller, frame.footer) if part),
    }


def _card(w: Writer, card: Card) -> dict[str, str]:
    """What stands big: its name, how late it is, the amount, and the small line below."""
    name = w.words[card.word]
    late = ""
    items = w.given.get("items")
    under = [_phrase(w, word, variable) for word, variable in card.under if _is_known(w, word, variable)]
    if isinstance(items, tuple):
        name, due = _named(w, [item for item in items if isinstance(item, Item)])
        under = [*due, *under]
        days = w.given["days_overdue"]
        if isinstance(days, int) and days > 0:
            late = w.words["late_one"] if days == 1 else w.words["late"].format(n=days)
    if card.number and w.has(card.number):
        name = f"{name} {w.value(card.number)}"
    amount = w.value(card.amount) if card.amount else ""
    return {"name": name, "late": late, "amount": amount, "under": " · ".join(under)}


def _is_known(w: Writer, word: str, variable: str) -> bool:
    return w.has(variable) and (word != "discount" or w.has("discount_until"))


def _named(w: Writer, items: Sequence[Item]) -> tuple[str, list[str]]:
    if len(items) > 1:
        return w.words["invoices"].format(n=len(items)), []
    due = formatting.weekday_date(items[0].due_on, w.locale)
    return f"{w.words['invoice']} {items[0].number}", [w.words["due"].format(date=due)]


def _phrase(w: Writer, word: str, variable: str) -> str:
    value = w.value(variable)
    until = w.value("discount_until") if w.has("discount_until") else ""
    if word == "discount":
        return w.words[word].format(amount=value, date=until)
    return w.words[word].format(date=value, number=value, amount=value)


def frame_text(w: Writer) -> Sequence[tuple[str, str]]:
    """The rows below the button: what the law adds, where to pay, and whom to ask."""
    card = CARDS.get(w.situation)
    names = [("interest", "interest_amount"), ("fixed_sum", "fixed_sum")]
    if card and card.pays:
        names += [("account", "bank_account"), ("reference", "payment_reference")]
    phone = w.value("contact_phone") if w.has("contact_phone") else ""
    ask = w.words["call"].format(phone=phone) if phone else w.words["reply"]
    return [
        *((w.words[word], w.value(name)) for word, name in names if w.has(name)),
        (w.words["question"], ask),
    ]


def _mail_table(table: Table) -> str:
    """A table as mail programs show it: every style ends up in attributes."""
    cells = []
    for number, row in enumerate([table.heads, *table.rows]):
        tag = "th" if number == 0 else "td"
        is_sum = number > len(table.rows) - table.sums
        kinds = [" ".join(["r"] * right + ["sum"] * is_sum) for right in table.right]
        shown = [html.escape(cell).replace("\n", "<br/>") for cell in row]
        scope = ' scope="col"' if number == 0 else ""
        cells.append(
            "".join(
                f'<{tag} class="{kind}"{scope}>{cell}</{tag}>'
                for kind, cell in zip(kinds, shown, strict=True)
            )
        )
    rows = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<table class="items" width="100%" cellpadding="0" cellspacing="0" border="0">{rows}</table>'


def _readable_on(colour: str) -> str:
    """White or near black, whichever is readable on the company's colour (WCAG relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _LIGHT if 1.05 / (luminance + 0.05) >= 4.5 else _DARK


@lru_cache(maxsize=2)
def _template(kind: str) -> Any:
    return Engine(dirs=[str(ROOT / "templates")], autoescape=True).get_template(
        f"correspondence/mail/message.{kind}"
    )


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
