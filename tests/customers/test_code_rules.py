"""Countries, states, tax numbers, and what a change of bank data, terms or limit may propose."""

from decimal import Decimal

import pytest

from core.errors import Invalid
from customers import rules


@pytest.mark.parametrize(
    ("scheme", "text", "country", "number"),
    [
        ("VAT", "de 136 695 976", "DE", "DE136695976"),
        ("VAT", "136695976", "DE", "DE136695976"),
        ("GSTIN", " 27aapfu0939f1zv", "IN", "27AAPFU0939F1ZV"),
        ("EIN", "12 3456789", "US", "12-3456789"),
    ],
)
def test_a_tax_number_is_written_in_one_form(scheme, text, country, number):
    assert rules.clean_tax_number(scheme, text, country=country).number == number


@pytest.mark.parametrize(
    ("scheme", "text", "country", "rule", "words"),
    [
        ("VAT", "", "DE", "tax_id_is_given", "missing"),
        ("VAT", "DE13669597", "DE", "vat_id_is_valid", "8|10 characters|length"),
        ("VAT", "DE136695977", "DE", "vat_id_is_valid", "check digits"),
        ("VAT", "FR40303265045", "DE", "vat_id_is_valid", "starts with FR"),
        ("GSTIN", "27AAPFU0939F1ZO", "IN", "gstin_is_valid", "check character"),
        ("GSTIN", "27AAPFU0939F1Z", "IN", "gstin_is_valid", "this has 14"),
        ("GSTIN", "99AAPFU0939F1ZV", "IN", "gstin_is_valid", "state code"),
        ("EIN", "12345", "US", "ein_is_valid", "nine digits"),
        ("PAN", "x", "IN", "tax_scheme_is_known", "kind of tax number"),
    ],
)
def test_a_wrong_tax_number_is_refused_with_reason_and_mend(scheme, text, country, rule, words):
    with pytest.raises(Invalid, match=words) as refusal:
        rules.clean_tax_number(scheme, text, country=country)

    assert refusal.value.rule == rule
    assert refusal.value.mend


def test_a_gstin_of_another_state_is_kept_with_a_note():
    found = rules.clean_tax_number("GSTIN", "27AAPFU0939F1ZV", country="IN", state="29")

    assert found.notes == ("The GSTIN is of state 27, the address of state 29.",)


@pytest.mark.parametrize(("country", "state"), [("IN", ""), ("IN", "39"), ("US", ""), ("US", "Calif.")])
def test_a_state_the_tax_needs_is_asked_for(country, state):
    with pytest.raises(Invalid) as refusal:
        rules.clean_state(country, state)
    assert refusal.value.field == "state_code"
    assert refusal.value.mend


def test_codes():
    assert rules.clean_country("de") == "DE"
    assert rules.clean_state("DE", "by") == "BY"
    assert rules.clean_language("pt-BR") == "pt-BR"
    for call, code in (
        (rules.clean_country, "XX"),
        (rules.clean_country, "EU"),
        (rules.clean_country, ""),
        (rules.clean_language, "xx-y-z"),
        (rules.clean_currency, "ABC"),
        (rules.clean_channel, "fax"),
    ):
        with pytest.raises(Invalid):
            call(code)


GOOD_BANK = {"holder": "Helios GmbH", "iban": "DE89 3704 0044 0532 0130 00", "bic": "cobadeff"}


@pytest.mark.parametrize(
    ("subject", "proposed", "stored"),
    [
        (
            "bank",
            GOOD_BANK,
            {
                "holder": "Helios GmbH",
                "iban": "DE89370400440532013000",
                "bic": "COBADEFF",
                "account_number": "",
                "routing": "",
            },
        ),
        ("terms", {"terms_override": "net 30/f"}, {"terms_override": "NET 30/F", "payment_policy": None}),
        ("terms", {"payment_policy": "3"}, {"terms_override": "", "payment_policy": 3}),
        ("credit_limit", {"credit_limit": "25000"}, {"credit_limit": "25000.00"}),
        ("credit_limit", {"credit_limit": Decimal(0)}, {"credit_limit": "0.00"}),
        ("credit_limit", {"credit_limit": ""}, {"credit_limit": None}),
    ],
)
def test_a_change_has_one_stored_form(subject, proposed, stored):
    assert rules.clean_change(subject, proposed, currency="EUR") == stored


@pytest.mark.parametrize(
    ("subject", "proposed", "field"),
    [
        ("bank", {}, "holder"),
        ("bank", {"holder": "H"}, "iban"),
        ("bank", {"holder": "H", "iban": "DE89370400440532013001"}, "iban"),
        ("bank", {"holder": "H", "account_number": "123"}, "routing"),
        ("bank", GOOD_BANK | {"bic": "COBA"}, "bic"),
        ("terms", {"terms_override": "whenever"}, "terms"),
        ("credit_limit", {"credit_limit": "-1"}, "credit_limit"),
        ("credit_limit", {"credit_limit": "1.005"}, "credit_limit"),
        ("credit_limit", {"credit_limit": "9" * 16}, "credit_limit"),
        ("credit_limit", {"credit_limit": "1e999999999"}, "credit_limit"),
        ("credit_limit", {"credit_limit": "lots"}, "credit_limit"),
        ("name", {}, "subject"),
    ],
)
def test_a_wrong_change_is_refused_with_field_and_mend(subject, proposed, field):
    with pytest.raises(Invalid) as refusal:
        rules.clean_change(subject, proposed, currency="EUR")
    assert refusal.value.field == field
    assert refusal.value.mend


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+49 40 123", "+49-40-123", True),
        ("0049 (0)40 123", "+49 40 123", True),
        ("+49 40 123", "+49 40 124", False),
        ("", "", False),
    ],
)
def test_phone_numbers_are_compared_by_their_digits(one, other, same):
    assert rules.same_number(one, other) is same


def test_bank_data_are_masked_but_for_the_last_four():
    assert rules.masked_bank({"holder": "H", "iban": "DE89370400440532013000", "bic": ""}) == {
        "holder": "H",
        "iban": "•••• 3000",
        "bic": "",
    }
