"""What scores add up to, and what they never do."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from feedback import rules

D = Decimal


def test_nothing_answered_is_no_figure():
    assert rules.nps([]) is rules.csat([]) is rules.ces([]) is None
    assert rules.figure("csat", {}).response_rate is None


@pytest.mark.parametrize(
    ("work_out", "scores", "expected"),
    [
        (rules.csat, [5, 4, 3, 2, 1], "40.0"),
        (rules.csat, [5, 5, 3], "66.7"),
        (rules.nps, [10, 9, 8, 7, 6, 0], "0.0"),
        (rules.nps, [10, 10, 0], "33.3"),
        (rules.nps, [0], "-100.0"),
        (rules.ces, [7, 6, 6], "6.3"),
        (rules.ces, [1], "1.0"),
    ],
)
def test_the_figures(work_out, scores, expected):
    assert work_out(scores) == D(expected)


@given(st.lists(st.integers(min_value=0, max_value=10), min_size=1))
def test_the_promoter_score_stays_in_its_range(scores):
    assert -100 <= rules.nps(scores) <= 100


@pytest.mark.parametrize(("instrument", "low", "high"), [("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)])
def test_a_score_outside_its_scale_is_refused(instrument, low, high):
    for score in (low, high):
        assert rules.check_score(instrument, score) == score
    for score in (low - 1, high + 1):
        with pytest.raises(Invalid, match=f"from {low} to {high}"):
            rules.check_score(instrument, score)


@given(st.dictionaries(st.integers(min_value=1, max_value=5), st.integers(min_value=0, max_value=9)))
def test_counted_scores_are_the_same_figure(counts):
    scores = [score for score, n in counts.items() for _ in range(n)]
    found = rules.figure("csat", counts)
    assert (found.value, found.n) == (rules.csat(scores), len(scores))


@pytest.mark.parametrize(("n", "few"), [(0, True), (4, True), (5, False)])
def test_fewer_than_five_are_too_few(n, few):
    assert rules.figure("csat", {5: n}).is_too_few == few


def test_the_response_rate_is_of_those_asked():
    assert rules.figure("csat", {5: 3}, asked=8, answered=3).response_rate == D("37.5")


@pytest.mark.parametrize(
    ("instrument", "score", "mood"),
    [("csat", 4, "good"), ("csat", 3, "fair"), ("csat", 2, "poor"), ("nps", 9, "good"), ("nps", 7, "fair"),
     ("nps", 6, "poor"), ("ces", 6, "good"), ("ces", 4, "fair"), ("ces", 3, "poor")],
)  # fmt: skip
def test_moods(instrument, score, mood):
    assert rules.mood(instrument, score) == mood


def test_an_answer_may_be_changed_for_a_day():
    given_at = datetime(2026, 11, 16, 9, 30)
    assert rules.may_change(given_at, given_at + timedelta(hours=23, minutes=59))
    assert not rules.may_change(given_at, given_at + timedelta(hours=24))


def test_two_business_days_in_minutes():
    assert rules.office_minutes(time(9), time(17), 2) == 960
    assert rules.office_minutes(time(8, 30), time(17), 1) == 510
