"""Template tags of the front end: what a reader sees, in which locale, and what screen readers get."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django import forms
from django.conf import settings
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone, translation

from core.fields import DayField, NumberField

NOW = datetime(2026, 11, 21, 9, 47, tzinfo=UTC)
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def render(text, path="/", **context):
    template = engines["django"].from_string("{% load ui %}" + text)
    html = template.render(context, RequestFactory().get(path))
    return re.sub(r" (?=[<>])|(?<=>) ", "", re.sub(r"[ \n]+", " ", html)).strip()


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "€12,840.50"),
        ("en-IE", "€12,840.50"),
        ("de", "12.840,50\N{NO-BREAK SPACE}€"),
        ("fr", "12\N{NARROW NO-BREAK SPACE}840,50\N{NO-BREAK SPACE}€"),
        ("en-IN", "€12,840.50"),
    ],
)
def test_money_is_written_as_its_reader_writes_it(language, written):
    with translation.override(language):
        assert render('{{ a|money:"EUR" }}', a=Decimal("12840.5000")) == written


def test_amounts_have_the_decimals_of_their_currency():
    assert render('{{ a|amount:"JPY" }}', a=Decimal(1482000)) == "1,482,000"
    assert render('{{ a|amount:"KWD" }}', a=Decimal("1.5")) == "1.500"
    with translation.override("en-IN"):
        assert render('{{ a|money:"INR" }}', a=Decimal(1640000)) == "₹16,40,000.00"


def test_a_negative_amount_has_a_true_minus_sign():
    assert render('{{ a|money:"EUR" }}', a=Decimal("-12840.50")) == "\N{MINUS SIGN}€12,840.50"


@pytest.mark.parametrize("zero", [Decimal(0), Decimal("0.00"), None, ""])
def test_zero_is_a_muted_dash_that_is_read_out_as_an_amount(zero):
    html = render('{{ a|money_or_dash:"EUR" }}', a=zero)
    assert html == '<span class="muted" aria-hidden="true">—</span><span class="vh">€0.00</span>'


def test_nothing_shows_nothing():
    assert render('{{ a|money:"EUR" }}{{ a|day }}{{ a|moment }}{{ a|percent }}{{ a|quantity }}', a=None) == ""


def test_where_currencies_mix_the_code_stands_small_before_the_amount():
    html = render('{{ a|money_code:"NOK" }}', a=Decimal(261340))
    assert html == '<span class="ccy">NOK</span>261,340.00'


def test_a_unit_price_keeps_the_decimals_it_needs():
    assert render('{{ a|unit_price:"EUR" }}', a=Decimal("0.12340000")) == "0.1234"
    assert render('{{ a|unit_price:"EUR" }}', a=Decimal("128.0000")) == "128.00"


def test_minor_units_are_whole_numbers_for_the_scripts():
    assert render('{{ a|minor:"EUR" }}', a=Decimal("12840.5000")) == "1284050"
    assert render('{{ a|minor:"JPY" }}', a=Decimal(15)) == "15"


def test_quantities_and_rates_lose_the_zeros_their_columns_store():
    assert (
        render("{{ q|quantity }} {{ r|percent }}", q=Decimal("2.500000"), r=Decimal("13.5000")) == "2.5 13.5%"
    )


@pytest.mark.parametrize(
    ("language", "on", "written"),
    [
        ("en", date(2026, 11, 9), "Mon 9 Nov"),
        ("en", date(2027, 1, 8), "Fri 8 Jan 2027"),
        ("en-IE", date(2026, 11, 9), "Mon 9 Nov"),
        ("de", date(2026, 11, 9), "Mo., 9. Nov."),
    ],
)
def test_a_day_names_its_year_only_when_it_is_another(language, on, written):
    with translation.override(language):
        assert render("{{ d|day }}", d=on) == written


def test_moments_are_in_the_readers_time_zone():
    with timezone.override("Asia/Kolkata"):
        assert render("{{ t|moment }}", t=datetime(2026, 11, 20, 19, 0, tzinfo=UTC)) == "Today 00:30"
        assert render("{{ t|moment }}", t=datetime(2026, 11, 20, 6, 0, tzinfo=UTC)) == "Yesterday 11:30"
        assert render("{{ t|moment }}", t=datetime(2026, 10, 8, 6, 0, tzinfo=UTC)) == "Thu 8 Oct 11:30"


def test_a_pill_says_its_state_in_words_and_escapes_them():
    assert render('{% pill words "info" %}', words="<Open>") == '<span class="pill info">&lt;Open&gt;</span>'
    with pytest.raises(ValueError, match="No pill"):
        render('{% pill "Open" "blue" %}')


def test_query_with_keeps_the_rest_and_starts_at_the_first_page():
    path = "/invoices/?status=open&after=abc&tag=a&tag=b"
    assert render('{% query_with sort="-due" %}', path) == "?status=open&amp;tag=a&amp;tag=b&amp;sort=-due"
    assert render('{% query_with status="" %}', path) == "?tag=a&amp;tag=b"
    assert render('{% query_with after="next" %}', path) == "?status=open&amp;tag=a&amp;tag=b&amp;after=next"


def test_hidden_inputs_repeat_the_query_of_the_page():
    html = render('{% hidden_query "q" %}', "/?q=x&status=open&before=1")
    assert html == '<input type="hidden" name="status" value="open">'


@pytest.mark.parametrize(
    ("path", "state", "target"),
    [
        ("/", None, "due_on"),
        ("/?sort=due_on", "ascending", "-due_on"),
        ("/?sort=-due_on", "descending", "due_on"),
    ],
)
def test_a_column_head_says_how_it_sorts_and_what_a_click_does(path, state, target):
    html = render('{% sort_link "Due" "due_on" %}', path)
    assert f'href="?sort={target}"' in html
    assert ('aria-sort="' in html) is (state is not None)
    assert state is None or f'aria-sort="{state}"' in html


def test_a_numeric_column_first_shows_the_largest():
    assert 'href="?sort=-total"' in render('{% sort_link "Amount" "total" "n" %}')


class Sample(forms.Form):
    amount = NumberField(label="Amount", places=2, least=2, help_text="In euro")
    due_on = DayField(label="Due", required=False)
    agree = forms.BooleanField(label="Send a copy", required=False)
    way = forms.ChoiceField(
        label="Way", choices=[("a", "Transfer"), ("b", "Debit")], widget=forms.RadioSelect
    )


def test_a_field_connects_its_label_hint_and_error():
    form = Sample({"amount": "1.234,56", "way": "a"})
    html = render("{% field form.amount %}", form=form)
    assert '<label for="id_amount">Amount</label>' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_amount_error id_amount_hint"' in html
    assert "Write 1,234.56." in html
    assert 'id="id_amount_error" hidden>' not in html


def test_a_sound_field_hides_its_error_and_confirms():
    form = Sample({"amount": "12", "way": "a"})
    html = render('{% field form.amount good="Fine" %}', form=form)
    assert 'id="id_amount_error" hidden>' in html
    assert "Fine" in html
    assert "aria-invalid" not in html


def test_choices_are_a_group_with_a_legend():
    html = render("{% field form.way %}", form=Sample())
    assert "<fieldset" in html
    assert "<legend" in html
    assert html.count('type="radio"') == 2


def test_numbers_are_echoed_as_the_reader_writes_them():
    with translation.override("de"):
        html = render("{% field form.amount %}", form=Sample(initial={"amount": Decimal("1234.5000")}))
    assert 'value="1.234,50"' in html


def test_every_icon_a_template_names_is_in_the_sprite():
    sprite = set(
        re.findall(r'symbol id="([^"]+)"', (Path(settings.BASE_DIR) / "static/icons.svg").read_text())
    )
    pages = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    named = set(re.findall(r"""{%\s*icon ["']([^"']+)["']""", pages))
    assert named <= sprite, f"Not in static/icons.svg: {sorted(named - sprite)}"


def test_no_page_carries_inline_code_or_style():
    for path in TEMPLATES.rglob("*.html"):
        if "mail" in path.parts or "documents" in path.parts:
            continue
        text = path.read_text()
        assert not re.search(r"<[^>]+\sstyle=", text), path
        assert not re.search(r"<[^>]+\s(on[a-z]+|hx-on[^=]*)=", text), path
        assert not re.search(r"<script(?![^>]*(src=|application/json))", text), path
