"""Template tags of the front end: icons, money, days, fields, links that keep the address's state.

Money, numbers and days are written in the reader's locale (`core.locale`). None shows nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import formatting, locale
from core.money import exponent

register = template.Library()

CURSORS = ("after", "before")
PILLS = frozenset({"", "ok", "warn", "bad", "info", "violet", "draft"})


@register.simple_tag
def once() -> SafeString:
    """What a form carries so that sending it twice, even at the same moment, acts once."""
    return format_html('<input type="hidden" name="once" value="{}">', uuid.uuid4().hex)


@register.simple_tag
def icon(name: str, kind: str = "") -> SafeString:
    """An icon of the sprite, for decoration only: words beside it say it. `kind`: ok, warn, bad, info."""
    classes = f"i {kind}".strip()
    address = f"{static('icons.svg')}#{name}"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, address)


@register.simple_tag
def pill(words: object, kind: str = "") -> SafeString:
    """The state of a thing: always a word, never colour alone. `kind` is one of PILLS."""
    if kind not in PILLS:
        raise ValueError(f"No pill is called {kind!r}.")
    return format_html('<span class="{}">{}</span>', f"pill {kind}".strip(), words)


@register.simple_tag
def avatar(name: str) -> SafeString:
    """The initials of a person or company on a ground that stays the same for the same name."""
    words = str(name).split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    ground = ("", "g", "o", "v", "b")[sum(map(ord, str(name))) % 5]
    return format_html('<span class="{}" aria-hidden="true">{}</span>', f"av {ground}".strip(), initials)


@register.filter
def money(amount: Decimal | str | None, currency: str) -> str:
    """ "€12,840.50", for facts and totals."""
    return "" if amount is None else locale.money(amount, currency)


@register.filter
def amount(value: Decimal | str | None, currency: str) -> str:
    """ "12,840.50", for tables of one currency."""
    return "" if value is None else locale.plain_money(value, currency)


@register.filter
def money_code(value: Decimal | str | None, currency: str) -> str:
    """ "EUR 12,840.50" with the code set small, where currencies mix."""
    if value is None:
        return ""
    return format_html('<span class="ccy">{}</span>{}', currency, locale.plain_money(value, currency))


@register.filter
def money_or_dash(value: Decimal | str | None, currency: str) -> str:
    """The amount with its symbol; zero is a muted dash that screen readers hear as the amount."""
    return money(value, currency) if _some(value) else _dash(locale.money(Decimal(0), currency))


@register.filter
def amount_or_dash(value: Decimal | str | None, currency: str) -> str:
    """The amount without a symbol; zero is a muted dash."""
    return amount(value, currency) if _some(value) else _dash(locale.plain_money(Decimal(0), currency))


@register.filter
def unit_price(value: Decimal | str | None, currency: str) -> str:
    """A price with the decimals it needs: "0.1234", "128.00"."""
    return "" if value is None else locale.unit_price(value, currency)


@register.filter
def minor(value: Decimal | str | None, currency: str) -> str:
    """The amount in minor units as plain digits, for data attributes the scripts add up."""
    return "0" if value is None else str(int(Decimal(value).scaleb(exponent(currency))))


@register.filter
def quantity(value: Decimal | str | None) -> str:
    """ "2.5" for 2.500000."""
    return "" if value is None else formatting.quantity(value, locale.current())


@register.filter
def percent(rate: Decimal | str | None) -> str:
    """ "13.5%" for a rate given in percent."""
    return "" if rate is None else formatting.percent(rate, locale.current())


@register.filter
def count(number: int | None) -> str:
    """ "12,480"."""
    return "" if number is None else formatting.number(Decimal(number), locale.current())


@register.filter
def day(on: date | None) -> str:
    """ "Mon 9 Nov", with the year when it is not the current one; an instant gives its day for the reader."""
    return "" if on is None else locale.day(_day_of(on))


@register.filter
def short_day(on: date | None) -> str:
    """ "9 Nov", for table columns."""
    return "" if on is None else locale.day(_day_of(on), weekday=False)


@register.filter
def moment(at: datetime | None) -> str:
    """ "Today 09:41", "Wed 9 Oct 14:03"."""
    return "" if at is None else locale.moment(at)


@register.filter
def clock(at: datetime | None) -> str:
    """ "14:03"."""
    return "" if at is None else locale.clock(at)


def _day_of(on: date) -> date:
    from django.utils import timezone

    return timezone.localtime(on).date() if isinstance(on, datetime) and timezone.is_aware(on) else on


def _some(value: Decimal | str | None) -> bool:
    return value is not None and value != "" and bool(Decimal(value))


def _dash(spoken: str) -> SafeString:
    return format_html('<span class="muted" aria-hidden="true">—</span><span class="vh">{}</span>', spoken)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """This page's query with some keys changed: `{% query_with status="open" %}`. None or "" drops a key.

    The place in the list (`after`, `before`) is dropped unless it is what changes: another filter starts at
    the first page. A list or tuple sets a key several times.
    """
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for key in CURSORS:
        query.pop(key, None)
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        elif isinstance(value, list | tuple):
            query.setlist(key, [str(one) for one in value])
        else:
            query[key] = str(value)
    return "?" + query.urlencode()


@register.simple_tag(takes_context=True)
def hidden_query(context: Context, *leave_out: str) -> SafeString:
    """The page's query as hidden inputs, so that a filter form keeps the rest of the state."""
    from django.utils.html import format_html_join

    query = context["request"].GET
    pairs = ((key, value) for key, values in query.lists() for value in values)
    kept = ((key, value) for key, value in pairs if key not in leave_out and key not in CURSORS)
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', kept)


@register.simple_tag(takes_context=True)
def sort_link(context: Context, label: str, key: str, kind: str = "", default: str = "") -> SafeString:
    """A column head that sorts: `<th aria-sort>` with a link. "-key" is descending.

    `kind` is the cell's class ("n" for numbers), `default` the list's own order. On a numeric
    column the first click shows the largest first.
    """
    sorted_by = context["request"].GET.get("sort") or default
    here = sorted_by.lstrip("-") == key
    down = here and sorted_by.startswith("-")
    target = key if down or (not here and kind != "n") else f"-{key}"
    link = query_with(context, sort=target)
    state = format_html(' aria-sort="{}"', "descending" if down else "ascending") if here else ""
    mark = icon("arrow-down" if down else "arrow-up") if here else ""
    classes = format_html(' class="{}"', kind) if kind else ""
    return format_html('<th scope="col"{}{}><a href="{}">{} {}</a></th>', classes, state, link, label, mark)


@register.simple_tag
def field(bound: BoundField, **options: Any) -> SafeString:
    """A form field: label, control, hint, error with what to do; wired for screen readers.

    Options: `label`, `hint` (over the form's help text; None leaves it out), `good` (a confirmation
    shown when there is no error), `kind` (classes of the control, "n" aligns numbers right), `wide`,
    `quiet` (the label is heard, not seen), `placeholder`,
    `check` (address asked on blur), and any `data_*` attribute for the control.
    """
    widget = bound.field.widget
    hint, errors = options.get("hint", bound.help_text), list(bound.errors)
    ids = {"hint": f"{bound.auto_id}_hint", "error": f"{bound.auto_id}_error"}
    described = " ".join(
        part for part in (ids["error"] if errors else "", ids["hint"] if hint else "") if part
    )
    attrs = _control_attrs(bound, options, described, bool(errors))
    choices = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return SafeString(
        render_to_string(
            "components/field.html",
            {
                "bound": bound,
                "control": bound.as_widget(attrs=attrs),
                "label": options.get("label") or bound.label,
                "hint": hint,
                "errors": errors,
                "good": "" if errors else options.get("good", ""),
                "ids": ids,
                "described": described,
                "wide": options.get("wide"),
                "quiet": options.get("quiet"),
                "check": isinstance(widget, forms.CheckboxInput),
                "choices": choices,
                "optional": not bound.field.required and not choices,
            },
        )
    )


def _control_attrs(
    bound: BoundField, options: Mapping[str, Any], described: str, wrong: bool
) -> dict[str, Any]:
    """The attributes that make a plain Django widget one of ours."""
    widget = bound.field.widget
    tick = isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple)
    own = widget.attrs.get("class", "")
    attrs: dict[str, Any] = {} if tick else {"class": f"in {options.get('kind', '')} {own}".strip()}
    if described:
        attrs["aria-describedby"] = described
    if wrong:
        attrs["aria-invalid"] = "true"
    # A placeholder that repeats the label says nothing, and goes when one types.
    if "placeholder" in options or widget.attrs.get("placeholder") == bound.label:
        attrs["placeholder"] = options.get("placeholder", "")
    if options.get("check"):
        attrs["data-check"] = options["check"]
    attrs |= {key.replace("_", "-"): value for key, value in options.items() if key.startswith("data_")}
    return attrs


@register.simple_tag(takes_context=True)
def request_id(context: Context) -> str:
    """The id of this request in the logs and on the trail; "" when there is none."""
    import structlog

    found = structlog.contextvars.get_contextvars().get("request_id", "")
    return str(found or getattr(context.get("request"), "request_id", ""))


@register.simple_tag(takes_context=True)
def page_range(context: Context) -> str:
    """ "1–50 of about 12,480" for the `page` of a list."""
    page = context["page"]
    of = _("of about") if page.total_is_estimate else _("of")
    return f"{page.range_words(locale.current())} {of} {count(page.total)}"
