"""Message texts: typed variables, one way from template to bytes, and nothing that breaks a mail."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from core.errors import Invalid
from correspondence.defaults import LANGUAGES, texts_of
from correspondence.frame import FRAME
from correspondence.markup import parse, parse_line, variables_in
from correspondence.rendering import Frame, render, render_message
from correspondence.rules import (
    Amount,
    EmptyVariable,
    UnknownVariable,
    UnsafeText,
    check_name,
    check_template,
    examples,
)

FRAME_OF = Frame("Northwind Energy Ireland Ltd", "#4f46e5", "4 Hanover Quay, Dublin 2 · IE 3812907 KH", "IE")
SUBJECT, BODY = "Invoice {{document_number}}", "Hello,\n\n**{{amount_due}}** is due on {{due_on}}."


class Nodes(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def rendered(subject=SUBJECT, body=BODY, *, situation="invoice", language="en", **values):
    variables = {**examples(situation), **values}
    return render_message(subject, body, variables, language=language, situation=situation, frame=FRAME_OF)


def test_values_are_written_in_the_readers_language():
    english, german = rendered(), rendered(language="de")

    assert english.subject == "Invoice INV-2026-04219"
    assert "€12,840.50 is due on Monday 9 November 2026." in english.text
    assert "<b>€12,840.50</b> is due on Monday 9 November 2026." in english.html
    assert "12.840,50\N{NO-BREAK SPACE}€ is due on Montag, 9. November 2026." in german.text


def test_a_sum_from_the_book_is_written_at_the_decimals_of_its_currency():
    """The columns of the book keep four decimals; no customer reads them."""
    euros = rendered(amount_due=Amount(Decimal("684.0000"), "EUR"))
    yen = rendered(amount_due=Amount(Decimal("1200.0000"), "JPY"))

    assert "€684.00 is due" in euros.text
    assert "¥1,200 is due" in yen.text


def test_the_same_template_and_values_give_the_same_bytes():
    assert rendered() == rendered()


def test_a_stored_template_is_rendered_with_its_companys_frame():
    entity = SimpleNamespace(
        legal_name="Northwind Energie GmbH",
        address_lines=["Hafenstraße 12"],
        postal_code="20457",
        city="Hamburg",
        country="DE",
        colour="#ffee00",
        registration_text="HRB 12345",
    )
    template = SimpleNamespace(situation="invoice", language="de", subject=SUBJECT, body=BODY)
    message = render(template, examples("invoice"), entity=entity)

    assert "Northwind Energie GmbH · Hafenstraße 12, 20457 Hamburg · HRB 12345" in message.text
    # White on yellow could not be read.
    assert re.search(r'bgcolor="#ffee00"[^>]*color: ?#16191f', message.html)


@pytest.mark.parametrize(
    ("language", "variant"), [(code, variant) for code in LANGUAGES for variant in texts_of(code)]
)
def test_every_default_text_can_be_saved_and_sent(language, variant):
    situation, text = variant.situation, texts_of(language)[variant]
    check_template(situation, text.subject, text.body)
    message = rendered(*text, situation=situation, language=language)

    assert "{{" not in message.subject + message.html + message.text
    # The address of a customer's page stands there once; what warns an old address leads nowhere.
    links = 0 if situation == "contact_changing" else 1
    assert message.html.count("https://pay.northwind.example/i/example") == links
    assert "Northwind" in message.text


def test_the_frames_words_have_the_same_places_in_every_language():
    places = {
        language: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in words.items()}
        for language, words in FRAME.items()
    }
    assert all(found == places["en"] for found in places.values())


def test_an_unknown_variable_is_refused_with_the_nearest_ones():
    with pytest.raises(UnknownVariable) as refusal:
        check_template("invoice", "{{docment_number}}", "Pay {{amout_due}} and {{zzz}}")

    assert refusal.value.status == 422
    assert [(p["field"], p["mend"].startswith("Did you mean")) for p in refusal.value.problems] == [
        ("subject", True),
        ("body", True),
        ("body", False),
    ]
    assert "document_number" in refusal.value.problems[0]["mend"]
    assert "amount_due" in refusal.value.problems[1]["mend"]
    assert "amount_due" in refusal.value.problems[2]["mend"]


@pytest.mark.parametrize(
    ("subject", "body", "said"),
    [
        ("", BODY, "subject is empty"),
        (SUBJECT, "  ", "body is empty"),
        ("x" * 201, BODY, "more than 200"),
        (SUBJECT, "x" * 20_001, "more than 20,000"),
        ("a\r\nBcc: x@example.org", BODY, "line break"),
        ("a\u202eb", BODY, "control character"),
        (SUBJECT, "a\u2066b", "control character"),
        (SUBJECT, "a\x00b", "control character"),
        (SUBJECT, "{{amount_due", "stands alone"),
        (SUBJECT, "{{ amount due }}", "stands alone"),
        (SUBJECT, "{% include 'x' %}", "stands alone"),
        (SUBJECT, "**bold for ever", "stands alone"),
        ("See {{public_link}}", BODY, "cannot stand in a subject"),
    ],
)
def test_a_text_that_could_not_be_sent_is_not_saved(subject, body, said):
    with pytest.raises(Invalid, match=said):
        check_template("invoice", subject, body)


def test_an_unknown_situation_is_refused():
    with pytest.raises(Invalid, match="not a situation") as refusal:
        check_template("invoce", SUBJECT, BODY)
    assert "invoice" in (refusal.value.mend or "")


def test_an_empty_variable_stops_the_message():
    with pytest.raises(EmptyVariable, match="po_number"):
        rendered(body="Your order {{po_number}}", po_number="")
    with pytest.raises(EmptyVariable, match="due_on"):
        rendered(due_on=None)


def test_a_variable_nobody_knows_stops_the_message():
    with pytest.raises(UnknownVariable, match="amount_dew"):
        rendered(amount_dew="1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_due", "12.00"),
        ("amount_due", Decimal(12)),
        ("due_on", "2026-11-09"),
        ("document_number", 4219),
        ("public_link", True),
    ],
)
def test_a_value_of_another_type_is_refused(name, value):
    with pytest.raises(Invalid, match=name):
        rendered(**{name: value})


@pytest.mark.parametrize("name", ["seller_name", "customer_name", "document_number", "period", "public_link"])
@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: all@example.org",
        "x\nBcc: y",
        "x\rBcc: y",
        "x\x0b",
        "x\x85y",
        "x\u2028y",
        "a\u202egpj",
        "a\u2067b",
    ],
)
def test_line_breaks_and_direction_marks_in_values_are_refused(name, evil):
    with pytest.raises(UnsafeText):
        rendered(subject="{{document_number}}", **{name: evil})


def test_a_subject_made_of_values_is_one_header():
    message = EmailMessage()
    message["Subject"] = rendered(
        subject="{{customer_name}}", customer_name="Bcc: a@example.org, Müller"
    ).subject

    assert message.keys() == ["Subject"]


@pytest.mark.parametrize("name", ["Nоrthwind", "Αlpha Ltd", "Paypаl"])
def test_a_name_that_mixes_look_alike_letters_in_a_word_is_refused(name):
    with pytest.raises(UnsafeText, match="alphabets"):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    ["Müller & Söhne GmbH", "ООО Ромашка", "Ελλάς Energy", "सह्याद्री Ltd", "O'Neill-3M", "株式会社 ABC"],
)
def test_honest_names_pass(name):
    check_name(name)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//x", "https://", 'https://x/"onx=1']
)
def test_a_link_is_a_web_address(address):
    with pytest.raises(UnsafeText, match="public_link"):
        rendered(public_link=address)


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><a href="https://evil.example">pay here</a>',
        "{{ settings.SECRET_KEY }} {% debug %}",
        "**bold** {{amount_due}}",
        "</td></table><style>*{display:none}</style>",
        "&lt;b&gt;",
    ],
)
def test_values_bring_neither_markup_nor_variables(payload):
    body = "{{customer_name}} {{period}}\n\n- {{po_number}}"
    values = dict.fromkeys(("customer_name", "period", "po_number", "contact_phone", "bank_account"), payload)
    plain = rendered(body=body, **dict.fromkeys(values, "plain"))
    evil = rendered(body=body, **values)

    assert [tag for tag, _ in Nodes(evil.html).found] == [tag for tag, _ in Nodes(plain.html).found]
    assert [a.get("href") for _, a in Nodes(evil.html).found] == [
        a.get("href") for _, a in Nodes(plain.html).found
    ]
    assert payload in evil.text


def test_markup_of_the_template_is_text_too():
    message = rendered(body="<b onclick=x>{{amount_due}}</b> & more")
    assert "&lt;b onclick=x&gt;" in message.html


def test_the_small_markup_is_paragraphs_lists_headings_bold_and_variables():
    message = rendered(body="# Title {{document_number}}\nUnder it\n\nOne\ntwo\n\n- first\n- **second**")

    assert re.search(
        r"<h1[^>]*>Title INV-2026-04219</h1><p[^>]*>Under it</p><p[^>]*>One<br>two</p>", message.html
    )
    assert re.search(r"<ul[^>]*><li>first</li><li><b>second</b></li></ul>", message.html)
    assert "- first\n- second" in message.text
    assert variables_in("{{a}} {{ b }} {{a}}") == ["a", "b"]
    assert parse_line("x**{{y}}**")[1].bold
    assert parse("") == []


def test_the_mail_needs_nothing_from_outside_and_has_one_button():
    nodes = Nodes(rendered().html).found

    assert not [tag for tag, _ in nodes if tag in {"img", "link", "script", "style", "iframe", "form"}]
    assert [a["href"] for tag, a in nodes if tag == "a"] == [
        "https://pay.northwind.example/i/example",
        "https://pay.northwind.example/p/7",
    ]
    assert all(a.get("role") == "presentation" for tag, a in nodes if tag == "table")


def test_other_kinds_show_their_own_facts():
    credit = rendered("{{document_number}}", "{{reason}}", situation="credit_note")
    paid = rendered(
        "{{document_number}}",
        "{{amount}}",
        situation="payment_received",
        received_on=date(2026, 11, 6),
        open_amount=Amount(Decimal("10.00"), "EUR"),
    )

    assert "Corrects INV-2026-04219" in credit.text
    assert "Account" not in credit.text
    assert "Received Friday 6 November 2026" in paid.text
    assert "Still open: €10.00" in paid.text
