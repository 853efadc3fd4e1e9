"""Which tax applies: the general rules decide, everything else goes to a person."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from catalogue.rules import (
    EU,
    NO_VALID_ID,
    Certificate,
    StateTax,
    gst_regime,
    tax_treatment,
    us_sales_tax,
)
from core.errors import Invalid

COUNTRIES = ["DE", "FR", "EL", "GR", "XI", "GB", "US", "CH", "IN"]


def treat(kind, seller, buyer, *, business=True, valid=True, oss=None):
    found = tax_treatment(
        kind=kind, seller=seller, buyer=buyer, buyer_business=business, buyer_vat_valid=valid, oss=oss
    )
    return found.category, found.tax_country


def test_the_union_has_27_members():
    assert len(EU) == 27


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (("service", "EL", "GR"), ("S", "EL")),
        (("service", "FR", "EL"), ("AE", None)),
        (("goods", "DE", "XI"), ("K", None)),
        (("service", "DE", "XI"), ("O", None)),
        (("goods", "XI", "FR"), ("K", None)),
        (("goods", "XI", "GB"), ("S", "XI")),
        (("goods", "GB", "GB"), ("S", "GB")),
        (("goods", "DE", "GB"), ("G", None)),
        (("goods", "GB", "DE"), ("REVIEW", None)),
        (("service", "US", "DE"), ("REVIEW", None)),
        (("service", "CH", "CH"), ("REVIEW", None)),
    ],
)
def test_the_table_of_countries(case, expected):
    assert treat(*case) == expected


def test_consumers():
    assert treat("service", "DE", "FR", business=False) == ("S", "DE")
    assert treat("goods", "DE", "US", business=False) == ("G", None)
    assert treat("goods", "DE", "FR", business=False) == ("REVIEW", None)
    assert treat("goods", "DE", "FR", business=False, oss=True) == ("S", "FR")
    assert treat("goods", "DE", "FR", business=False, oss=False) == ("S", "DE")
    assert treat("service", "DE", "US", business=False) == ("REVIEW", None)


@pytest.mark.parametrize("kind", ["goods", "service"])
def test_a_business_without_a_valid_number_goes_to_a_person(kind):
    found = tax_treatment(kind=kind, seller="DE", buyer="FR", buyer_business=True)

    assert (found.category, found.note) == ("REVIEW", NO_VALID_ID)


def test_tax_is_left_out_only_with_a_reason_and_review_always_says_why():
    for kind, seller, buyer, business, valid in product(
        ["goods", "service"], COUNTRIES, COUNTRIES, [True, False], [True, False]
    ):
        found = tax_treatment(
            kind=kind, seller=seller, buyer=buyer, buyer_business=business, buyer_vat_valid=valid
        )
        assert (found.vatex is not None) == (found.category in ("AE", "K", "G", "O"))
        assert (found.tax_country is not None) == (found.category == "S")
        assert found.category != "REVIEW" or found.note
        if found.category in ("AE", "K"):
            assert business
            assert valid


def test_a_country_that_is_none_is_refused():
    with pytest.raises(Invalid):
        tax_treatment(kind="goods", seller="Germany", buyer="FR")


@pytest.mark.parametrize(
    ("supplier", "place", "sez", "regime"),
    [
        ("29", "29", False, "CGST+SGST"),
        ("29", "27", False, "IGST"),
        ("29", "29", True, "IGST"),
        ("29", "96", False, "IGST"),
        *[(state, state, False, "CGST+UTGST") for state in ("04", "26", "31", "35", "38", "97")],
        *[(state, state, False, "CGST+SGST") for state in ("01", "07", "34")],
    ],
)
def test_the_indian_regime(supplier, place, sez, regime):
    assert gst_regime(supplier, place, sez=sez) == regime


@pytest.mark.parametrize(
    ("supplier", "place"), [("00", "29"), ("29", "39"), ("96", "29"), ("9", "29"), ("", "")]
)
def test_a_state_code_that_is_none_is_refused(supplier, place):
    with pytest.raises(Invalid):
        gst_regime(supplier, place)


TEXAS = StateTax("TX", Decimal("6.25"), date(2020, 1, 1), nexus_from=date(2024, 1, 1))
ON = date(2026, 5, 4)


@pytest.mark.parametrize(
    ("rows", "state", "rate", "flagged"),
    [
        ([TEXAS], "TX", "6.25", False),
        ([TEXAS], "OR", "0", False),
        ([TEXAS], "AK", "0", True),
        ([TEXAS], "NY", "0", True),
        ([TEXAS, TEXAS], "TX", "0", True),
        ([StateTax("TX", Decimal("6.25"), date(2020, 1, 1))], "TX", "0", True),
        ([StateTax("TX", Decimal("6.25"), date(2020, 1, 1), date(2025, 1, 1), ON)], "TX", "0", True),
    ],
)
def test_a_state_tax_is_charged_only_where_it_is_known(rows, state, rate, flagged):
    decision = us_sales_tax(rows, state=state, product="software", on=ON)

    assert (decision.rate, decision.flagged) == (Decimal(rate), flagged)
    assert decision.reason


def test_a_certificate_exempts_while_it_is_valid():
    certificate = Certificate("EX-7", "TX", date(2026, 1, 1), date(2026, 6, 30))
    asked = {"state": "TX", "product": "software", "certificate": certificate}

    assert us_sales_tax([TEXAS], on=date(2026, 6, 30), **asked).certificate == "EX-7"
    assert us_sales_tax([TEXAS], on=date(2026, 7, 1), **asked).rate == Decimal("6.25")
