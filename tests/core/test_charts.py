"""Charts from the server: every bar is a link with its numbers, and nothing in them runs or breaks out."""

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from core.charts import NARROW, Bar, Chart, Part, Series, bar_table, bars, meter, short, spark, stack, ticks

SERIES = (Series("paid", "f1", "On time"), Series("late", "f2", "Late"))


def chart(*columns, **options):
    return Chart("Cash", columns, SERIES, write=lambda a: f"€{a:,.2f}", axis=short, **options)


def column(label="Nov", paid="100.10", late="0", **options):
    return Bar(
        label,
        {"paid": Decimal(paid), "late": Decimal(late), "billed": Decimal(150)},
        "/rows?a=1&b=2",
        **options,
    )


def tags(svg, name):
    return list(ET.fromstring(svg).iter(name))


@pytest.mark.parametrize(
    ("highest", "scale"),
    [
        ("1050", [0, 400, 800, 1200]),
        ("0", [0, 1]),
        ("3", [0, 1, 2, 3]),
        ("0.07", ["0", "0.02", "0.04", "0.06", "0.08"]),
    ],
)
def test_a_scale_has_round_steps_and_reaches_the_highest(highest, scale):
    assert ticks(Decimal(highest)) == [Decimal(value) for value in scale]


@pytest.mark.parametrize(
    ("amount", "words"),
    [("0", "0"), ("950", "950"), ("400000", "400k"), ("1200000", "1.2M"), ("3000000000", "3bn")],
)
def test_amounts_on_a_scale_are_short(amount, words):
    assert short(Decimal(amount)) == words


def test_every_bar_is_a_link_that_says_its_numbers():
    svg = bars(
        chart(column(late="20"), column("Dec", forecast=Decimal(200)), line=Series("billed", "ln", "Billed"))
    )
    links = tags(svg, "a")
    assert [link.get("href") for link in links] == ["/rows?a=1&b=2"] * 2
    assert links[0].get("aria-label") == "Nov, On time  €100.10, Late  €20.00, Billed  €150.00"
    assert "Forecast  €200.00" in links[1].get("aria-label")
    assert "style=" not in svg


def test_words_from_outside_cannot_break_out_of_the_chart():
    svg = bars(chart(column(label='"><script>alert(1)</script>')))
    assert "<script>" not in svg
    assert ET.fromstring(svg).get("role") == "group"


def test_a_chart_of_nothing_and_of_zeros_can_be_drawn():
    assert "Nothing to show yet." in bars(chart())
    assert len(tags(bars(chart(column(paid="0")), width=NARROW), "a")) == 1


def test_negative_amounts_are_said_but_not_drawn():
    svg = bars(chart(column(paid="-5")))
    assert "€-5.00" in svg
    assert not tags(svg, "path")


def test_the_table_behind_a_chart_holds_the_same_numbers():
    assert bar_table(chart(column(late="20"))) == [["", "On time", "Late"], ["Nov", "€100.10", "€20.00"]]


def test_a_stack_says_its_shares_and_leaves_out_what_is_nothing():
    parts = [("Not due", 75, "age0"), ("Late", 25, "age1"), ("Old", 0, "age4")]
    svg = stack([Part(name, Decimal(share), css) for name, share, css in parts], title="Ageing")
    assert ET.fromstring(svg).get("aria-label") == "Ageing: Not due 75%, Late 25%"
    assert len(tags(svg, "rect")) == 2
    assert stack([], title="Ageing") == ""


def test_small_figures_are_hidden_from_screen_readers():
    assert ET.fromstring(spark([Decimal(1), Decimal(1), Decimal(3)])).get("aria-hidden") == "true"
    assert spark([Decimal(1)]) == ""
    assert tags(meter(Decimal("1.7")), "rect")[1].get("width") == "96.0"
