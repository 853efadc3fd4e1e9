"""A policy is data that the engine executes: read strictly, said in words, worked out in examples."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Calendar, MissingCalendarYear
from core.errors import Invalid
from core.terms import due_on
from policies.rules import (
    CHANNELS,
    DEFAULT_LADDER,
    METHODS,
    ORDERS,
    PROSE,
    RECIPIENTS,
    TITLES,
    Clauses,
    Interest,
    Offer,
    Part,
    Step,
    Tolerance,
    complete,
    diff,
    from_json,
    readability,
    summary,
    terms_in_words,
    to_json,
    worked_examples,
)

D = Decimal
ON = date(2026, 5, 4)
CALENDAR = Calendar(frozenset(), frozenset({2026}))
cents = st.integers(min_value=0, max_value=10**6).map(lambda units: D(units).scaleb(-2))
terms = st.sampled_from(["NET 30", "+1M EOM", "CUT12 +1M DAY20", "NET 30/MF", "+5BD", "NEXT10,25"])


@st.composite
def ladders(draw):
    days = sorted(draw(st.sets(st.integers(min_value=-10, max_value=90), max_size=6)))
    tone, steps = draw(st.integers(min_value=1, max_value=5)), []
    for day in days:
        tone = min(5, tone + draw(st.integers(min_value=0, max_value=1)))
        channel = draw(st.sampled_from(CHANNELS))
        who = tuple(draw(st.lists(st.sampled_from(RECIPIENTS), min_size=1, max_size=3, unique=True)))
        steps.append(Step(day, tone, channel, "reminder", who, draw(cents)))
    return tuple(steps)


policies = st.builds(
    Clauses,
    terms=terms,
    instalments=st.sampled_from([(), (Part(D(30), "NET 0"), Part(D(70), "+1M EOM"))]),
    early_discount=st.none()
    | st.builds(Offer, st.integers(min_value=1, max_value=9).map(D), st.integers(min_value=0, max_value=30)),
    late_interest=st.none()
    | st.sampled_from(
        [Interest("EU", D(8), "EU"), Interest("UK", D("8.5"), "UK"), Interest("contract", D(12))]
    ),
    ladder=ladders(),
    allocation_order=st.permutations(ORDERS).map(tuple),
    tolerance=st.builds(
        Tolerance,
        st.none() | cents,
        st.none() | st.integers(min_value=0, max_value=5).map(D),
        st.booleans(),
    ),
    dispute_window_days=st.integers(min_value=0, max_value=365),
    methods=st.lists(st.sampled_from(METHODS), min_size=1, unique=True).map(tuple),
    approval=st.dictionaries(st.sampled_from(["write_off", "credit_note"]), cents),
    notice_days=st.integers(min_value=0, max_value=90),
    texts=st.dictionaries(st.sampled_from(sorted(TITLES)), st.sampled_from(["We agree.", "It is so."])),
)


@given(policies)
def test_clauses_written_out_are_read_back_the_same(clauses):
    assert from_json(to_json(clauses)) == clauses


@given(policies)
def test_every_clause_of_the_engine_is_said_and_a_policy_equals_itself(clauses):
    said = {entry.key: entry.text for entry in summary(clauses)}

    assert list(said) == list(TITLES)
    assert {key for key in TITLES if key not in PROSE and not said[key]} <= {"reminders"}
    assert diff(clauses, clauses) == []
    assert {found["field"] for found in complete(clauses)} == {
        f"texts.{key}" for key in TITLES if not said[key]
    }


@given(policies, policies, st.sampled_from([field.name for field in fields(Clauses)]))
def test_whatever_changes_is_in_the_diff(old, other, name):
    new = replace(old, **{name: getattr(other, name)})
    # With instalments the terms of the whole are not used, so nobody reads them.
    unread = name == "terms" and bool(old.instalments)

    changes = diff(old, new)

    assert bool(changes) == (to_json(old) != to_json(new) and not unread)
    assert all(change.before != change.after for change in changes)


@given(policies)
def test_examples_come_from_the_engine(clauses):
    rates = [(date(2026, 1, 1), D("2.15"))]
    examples = {
        found.key: found for found in worked_examples(clauses, ON, "EUR", CALENDAR, reference_rates=rates)
    }

    if not clauses.instalments:
        assert examples["due_date"].on == due_on(ON, clauses.terms, calendar=CALENDAR)
        assert examples["due_date"].on.strftime("%A") in examples["due_date"].text
    assert ("early_discount" in examples) == (clauses.early_discount is not None)
    assert ("late_interest" in examples) == (clauses.late_interest is not None)
    assert ("reminders" in examples) == bool(clauses.ladder)


def test_changing_the_days_changes_the_example():
    before, after = (worked_examples(Clauses(terms=f"NET {n}"), ON, "EUR", CALENDAR)[0] for n in (30, 15))

    assert (before.on, after.on) == (date(2026, 6, 3), date(2026, 5, 19))


def test_an_example_is_not_guessed():
    with pytest.raises(MissingCalendarYear):
        worked_examples(Clauses(terms="NET 300/F"), ON, "EUR", CALENDAR)
    without = worked_examples(Clauses(late_interest=Interest("EU", D(8))), ON, "EUR", CALENDAR)
    assert "not entered yet" in without[1].text


def test_the_usual_ladder_is_lawful_data():
    clauses = Clauses(ladder=DEFAULT_LADDER)

    assert from_json(to_json(clauses)) == clauses


def test_a_policy_is_complete_when_all_nineteen_clauses_say_something():
    assert len(TITLES) == 19
    whole = Clauses(ladder=DEFAULT_LADDER, texts=dict.fromkeys(PROSE, "As agreed."))

    assert complete(whole) == []
    assert [found["field"] for found in complete(Clauses(texts=dict.fromkeys(PROSE, "x")))] == [
        "texts.reminders"
    ]


@pytest.mark.parametrize(
    ("wrong", "field", "rule"),
    [
        ({"terms": "30 days end of month"}, "terms", "terms_step_is_known"),
        ({"instalments": [{"pct": "50", "terms": "NET 1"}]}, "instalments", "percentages_must_sum_to_100"),
        ({"instalments": [{"pct": "100", "terms": "soon"}]}, "instalments[0].terms", "terms_step_is_known"),
        ({"early_discount": {"pct": "100", "days": 3}}, "early_discount.pct", "percentage_in_range"),
        ({"late_interest": {"regime": "EU", "margin": "7.99"}}, "late_interest.margin", "margin_is_lawful"),
        ({"late_interest": {"regime": "moon", "margin": "8"}}, "late_interest.regime", "regime_is_known"),
        ({"tolerance": {"absolute": "-1"}}, "tolerance.absolute", "amount_fits_currency"),
        ({"tolerance": {"absolute": "1", "pct": "101"}}, "tolerance.pct", "percentage_in_range"),
        ({"tolerance": {"absolute": 0.5}}, "tolerance.absolute", "clause_is_readable"),
        (
            {"currency": "JPY", "approval": {"write_off": "0.50"}},
            "approval.write_off",
            "amount_fits_currency",
        ),
        ({"currency": "EURO"}, "currency", "currency_is_known"),
        ({"methods": []}, "methods", "a_method_is_offered"),
        ({"methods": ["gold"]}, "methods", "choice_is_known"),
        ({"allocation_order": ["oldest", "oldest"]}, "allocation_order", "choice_is_known"),
        ({"dispute_window_days": 400}, "dispute_window_days", "days_in_range"),
        ({"notice_days": "2.5"}, "notice_days", "clause_is_readable"),
        ({"ladder": [{"day": 1, "tone": 9, "situation": "x"}]}, "ladder[0].tone", "tone_rises_by_one"),
        ({"ladder": [{"day": 1, "tone": 1}]}, "ladder[0].situation", "step_has_a_situation"),
        ({"ladder": {"day": 1}}, "ladder", "clause_is_readable"),
        ({"surprise": 1}, "surprise", "clause_is_readable"),
        ({"texts": {"surprise": "x"}}, "texts.surprise", "clause_is_readable"),
    ],
)
def test_a_fault_names_the_clause_the_reason_and_the_mend(wrong, field, rule):
    with pytest.raises(Invalid) as refusal:
        from_json(wrong)

    found = [entry for entry in refusal.value.problems if (entry["field"], entry["rule"]) == (field, rule)]
    assert found
    assert found[0]["message"]
    assert found[0]["mend"]


def test_all_faults_are_said_at_once():
    steps = [
        {"day": 3, "tone": 1, "situation": "x"},
        {"day": 3, "tone": 3, "situation": "x", "channel": "fax"},
    ]
    with pytest.raises(Invalid) as refusal:
        from_json({"terms": "soon", "ladder": steps})

    assert {entry["rule"] for entry in refusal.value.problems} == {
        "terms_step_is_known",
        "steps_rise",
        "tone_rises_by_one",
        "choice_is_known",
    }


def test_plain_words_read_more_easily():
    plain = "We send a bill. You pay it in a month. Tell us if it is wrong."
    stiff = "Notwithstanding contractual stipulations, remuneration necessitates instantaneous remittance"

    assert readability(plain) > 80
    assert 0 <= readability(stiff) < 20
    assert readability(" 12 ") is None


def test_terms_are_said_in_words():
    assert terms_in_words("NET 0") == "on the invoice date"
    assert (
        terms_in_words("+1M EOM/F")
        == "1 month later, then the end of that month; on a day off, the next working day"
    )


def test_a_step_charges_an_amount_or_the_sum_of_the_law_and_interest():
    step = {"day": 3, "tone": 2, "channel": "email", "situation": "reminder"}
    ladder = [step | {"fee": "statutory", "interest": True}, step | {"day": 10, "fee": "7.5"}]
    clauses = from_json({"ladder": ladder})
    first, second = clauses.ladder
    assert (first.fee, first.statutory, first.interest) == (0, True, True)
    assert (second.fee, second.statutory, second.interest) == (D("7.5"), False, False)
    assert from_json(to_json(clauses)) == clauses
    assert "interest" not in to_json(clauses)["ladder"][1]
    assert "fixed sum of the law and late interest" in str([entry.text for entry in summary(clauses)])
