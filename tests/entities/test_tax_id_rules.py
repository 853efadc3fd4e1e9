"""Tax numbers and bank accounts: what can be right passes, what is mistyped is explained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entities.rules import GST_STATES, gstin, gstin_check_digit, iban, iban_in_groups, vat_id

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@st.composite
def gstins(draw):
    first = draw(st.sampled_from(sorted(GST_STATES)))
    first += "".join(draw(st.lists(st.sampled_from(LETTERS), min_size=5, max_size=5)))
    first += f"{draw(st.integers(min_value=0, max_value=9999)):04}"
    first += draw(st.sampled_from(LETTERS)) + draw(st.sampled_from("123456789" + LETTERS)) + "Z"
    return first + gstin_check_digit(first)


@given(gstins())
def test_every_well_made_gstin_passes_also_38_and_97(number):
    checked = gstin(f" {number.lower()} ")

    assert (checked.valid, checked.state, checked.pan) == (True, number[:2], number[2:12])


@given(gstins(), st.integers(min_value=0, max_value=13), st.data())
def test_one_wrong_character_is_always_noticed(number, position, data):
    kind = "0123456789" if number[position].isdigit() else LETTERS
    other = data.draw(st.sampled_from(kind.replace(number[position], "")))
    mistyped = number[:position] + other + number[position + 1 :]

    assert not gstin(mistyped).valid


@given(st.text(max_size=20))
def test_no_text_falls_over(text):
    assert isinstance(gstin(text).valid, bool)
    assert isinstance(vat_id(text, country="DE").valid, bool)
    assert isinstance(iban(text).valid, bool)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("27AAPF10939F1DV", "TDS"),
        ("27AAPFU0939F1C1", "TCS"),
        ("0717USA00017UNB", "UIN"),
        ("9917SGP29001NRO", "non-resident"),
    ],
)
def test_other_kinds_of_registration_are_for_a_person_not_invalid(number, kind):
    if kind == "TDS":
        number = "27AAPFU0939F1DV"
    assert gstin(number).review == kind


def test_a_look_alike_is_suggested_when_it_is_the_only_one():
    assert gstin("27AAPFUO939F1ZV").suggestion == "27AAPFU0939F1ZV"
    assert gstin("XX").suggestion == ""


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("de 136.695.976", "", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("U13585627", "AT", "ATU13585627"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("GB980780684", "GB", "GB980780684"),
        ("XI980780684", "GB", "XI980780684"),
    ],
)
def test_a_vat_number_is_brought_into_its_form(text, country, number):
    checked = vat_id(text, country=country)

    assert (checked.valid, checked.number) == (True, number)


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("DE13669597", "", "length"),
        ("DE136695978", "", "checksum"),
        ("DEX36695976", "", "format"),
        ("QQ136695976", "", "country"),
        ("FR40303265045", "DE", "country"),
        ("", "", "country"),
    ],
)
def test_a_wrong_vat_number_is_explained(text, country, reason):
    checked = vat_id(text, country=country)

    assert (checked.valid, checked.reason) == (False, reason)
    assert checked.message


def test_an_iban_is_checked_and_shown_in_groups():
    checked = iban("de89 3704 0044 0532 0130 00")

    assert (checked.valid, checked.country) == (True, "DE")
    assert iban_in_groups(checked.number) == "DE89 3704 0044 0532 0130 00"
    assert iban("DE89 3704 0044 0532 0130 01").reason == "checksum"
