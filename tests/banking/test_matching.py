"""Evidence is weighed as the table says, and a generated month is matched as well as promised."""

import re
from datetime import date
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from banking.matching import AUTOMATIC, PROPOSED, Book, Incoming, Item, find, folded
from banking.matching._references import quoted
from bench._month import month

DAY = date(2026, 11, 16)
ALDER, BIRCH = 1, 2
OURS, THEIRS = "DE21701500000094117205", "DE02120300000000202051"


def item(key: int, number: str, amount: str, customer: int = ALDER, **given) -> Item:
    return Item(key, number, customer, Decimal(amount), date(2026, 11, key % 28 + 1), **given)


ITEMS = (
    item(1, "INV-2026-00101", "119.00"),
    item(2, "INV-2026-00102", "238.00"),
    item(3, "INV-2026-00103", "500.00", discounted=Decimal("490.00"), discount_until=date(2026, 11, 20)),
    item(4, "INV-2026-00204", "77.70", customer=BIRCH),
    item(5, "INV-2026-00205", "1000.00", customer=BIRCH, held=Decimal("200.00"), limit=Decimal("1.00")),
    item(6, "INV-2026-00206", "1180.00", customer=BIRCH, net=Decimal("1000.00")),
)


def book(**given) -> Book:
    return Book(
        items={one.id: one for one in ITEMS},
        names={ALDER: ("Alder Foods GmbH",), BIRCH: ("Birch Textiles Ltd",)},
        accounts={folded(OURS): {ALDER}},
        withholding=(Decimal(10),),
        most_fee=Decimal(15),
        **given,
    )


def line(
    amount: str, text: str = "", name: str = "", account: str = "", on: date = DAY, structured: str = ""
):
    return Incoming(Decimal(amount), on, (text,), structured, name, account)


SURE = {
    "number and amount": (line("119.00", "Re INV-2026-00101"), ALDER, {1: "119.00"}),
    "number written otherwise": (line("119.00", "inv 2026/00101"), ALDER, {1: "119.00"}),
    "structured reference": (line("119.00", structured="INV202600101"), ALDER, {1: "119.00"}),
    "two numbers": (line("357.00", "INV-2026-00101, INV-2026-00102"), ALDER, {1: "119.00", 2: "238.00"}),
    "shorthand": (
        line("357.00", "INV-2026-00101/102", "Alder Foods"),
        ALDER,
        {1: "119.00", 2: "238.00"},
    ),
    "one of two named": (line("238.00", "INV-2026-00101 INV-2026-00102"), ALDER, {2: "238.00"}),
    "one named, the sum finds the other": (
        line("357.00", "INV-2026-00101"),
        ALDER,
        {1: "119.00", 2: "238.00"},
    ),
    "slip, with the name": (line("119.00", "INV-2026-01001", "ALDER FOODS"), ALDER, {1: "119.00"}),
    "no prefix": (line("119.00", "202600101"), ALDER, {1: "119.00"}),
    "discount in time": (line("490.00", "INV-2026-00103"), ALDER, {3: "490.00"}),
    "only the undisputed rest": (line("800.00", "INV-2026-00205"), BIRCH, {5: "800.00"}),
    "short within the tolerance": (line("799.20", "INV-2026-00205"), BIRCH, {5: "799.20"}),
    "less a fee": (line("109.00", "INV-2026-00101"), ALDER, {1: "119.00"}),
    "tax deducted of the net value": (line("1080.00", "INV-2026-00206"), BIRCH, {6: "1180.00"}),
    "a part, from a known account": (line("50.00", "INV-2026-00101", account=OURS), ALDER, {1: "50.00"}),
    "a little more": (line("120.00", "INV-2026-00101", account=OURS), ALDER, {1: "119.00"}),
    "known account, only amount": (line("238.00", "thanks", account=OURS), ALDER, {2: "238.00"}),
}


@pytest.mark.parametrize("name", SURE)
def test_what_is_sure(name):
    given_, customer, parts = SURE[name]

    best = find(given_, book())[0]

    assert best.score >= AUTOMATIC, best
    assert best.customer == customer
    assert dict(best.parts) == {key: Decimal(amount) for key, amount in parts.items()}
    assert best.rest == given_.amount + best.fee + best.withheld - sum(Decimal(one) for one in parts.values())


UNSURE = {
    "a name and an amount": line("119.00", "thanks", "Alder Foods"),
    "discount too late, amount of nothing": line("490.00", "thanks", account=OURS, on=date(2026, 12, 1)),
    "another customer's account": line("77.70", "INV-2026-00204", account=OURS),
    "another customer's name and amount": line("119.00", "INV-2026-00204", "Alder Foods"),
    "the number of one, the amount of another": line("238.00", "INV-2026-00101", account=OURS),
    "far more than is open": line("900.00", "INV-2026-00101", account=OURS),
    "numbers of two customers": line("196.70", "INV-2026-00101 INV-2026-00204"),
    "a slip alone": line("119.00", "INV-2026-01001"),
    "nothing but a known account": line("33.33", "thanks", account=OURS),
}


@pytest.mark.parametrize("name", UNSURE)
def test_what_a_person_decides(name):
    found = find(UNSURE[name], book())

    assert all(match.score < AUTOMATIC for match in found), found


def test_a_stranger_matches_nothing():
    assert find(line("31.00", "hello", "Nobody", THEIRS), book()) == []


def test_the_terms_add_up_to_the_score_and_say_why():
    best = find(line("119.00", "Re INV-2026-00101", "Alder Foods GmbH"), book())[0]

    assert [(term.code, term.points) for term in best.terms] == [
        ("reference_number", 60),
        ("name", 22),
        ("exact", 30),
    ]
    assert best.score == 112
    assert all(term.words for term in best.terms)


def test_what_was_paid_in_the_same_run_is_not_paid_again():
    shared = book()
    first = find(line("119.00", "INV-2026-00101"), shared)[0]
    shared.settle(first.parts)

    assert find(line("119.00", "INV-2026-00101"), shared) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_generated_month_is_matched_as_promised(seed, figures):
    made = month(seed, 1000, customers=300)
    shared = made.book()
    booked = right = 0
    for truth in made.lines:
        found = find(truth.line, shared)
        if found and found[0].score >= AUTOMATIC:
            booked += 1
            meant = (truth.customer, truth.items)
            right += (found[0].customer, frozenset(key for key, _ in found[0].parts)) == meant
            shared.settle(found[0].parts)
    figures("matching", seed=seed, lines=1000, booked=booked, right=right)

    assert booked >= 850
    assert right / booked >= 0.97
    assert (booked - right) / len(made.lines) < 0.001 + 1e-9


amounts = st.integers(1, 200_000).map(lambda cents: Decimal(cents) / 100)
words = st.text(st.sampled_from("INV-2026 001020345/"), max_size=40)


@settings(max_examples=200, deadline=None)
@given(amount=amounts, text=words, name=st.sampled_from(["", "Alder Foods", "BIRCH"]), known=st.booleans())
def test_no_match_gives_more_than_came_or_more_than_is_open(amount, text, name, known):
    shared = book()
    given_ = Incoming(amount, DAY, (text,), "", name, OURS if known else "")

    for match in find(given_, shared):
        paid = sum((part for _, part in match.parts), Decimal(0))
        assert match.score >= PROPOSED or any(term.code == "rival" for term in match.terms)
        assert all(0 < part <= shared.items[key].payable for key, part in match.parts)
        assert len({key for key, _ in match.parts}) == len(match.parts)
        assert paid + match.rest == amount + match.fee + match.withheld
        assert match.rest >= 0


@settings(max_examples=200, deadline=None)
@given(owed=st.lists(st.integers(1, 9), max_size=16), amount=st.integers(1, 40))
def test_a_sum_is_taken_only_where_one_set_of_up_to_four_of_the_oldest_adds_up(owed, amount):
    items = {key: item(key, f"INV-{key:05}", f"{value}.10") for key, value in enumerate(owed, start=1)}
    shared = Book(items=items, accounts={folded(OURS): {ALDER}})
    came = Decimal(amount) + Decimal("0.10")
    oldest = sorted(items.values(), key=lambda one: (one.due_on, one.id))[:14]
    sums = [
        {one.id for one in group}
        for size in range(1, 5)
        for group in combinations(oldest, size)
        if sum(one.payable for one in group) == came
    ]

    found = find(Incoming(came, DAY, payer_account=OURS), shared)

    told = [match for match in found if match.terms[-1].code == "sum_alone"]
    alone = any(one.payable == came for one in items.values()) or came == sum(
        one.payable for one in items.values()
    )
    assert bool(told) == (len(sums) == 1 and not alone)
    assert all({key for key, _ in match.parts} == sums[0] for match in told)


@settings(max_examples=300, deadline=None)
@given(
    number=st.sampled_from([folded(one.number) for one in ITEMS]),
    at=st.integers(0, 12),
    sign=st.sampled_from("0123456789IVX"),
    how=st.sampled_from(["other", "more", "less", "swapped"]),
)
def test_a_slip_is_found_where_exactly_one_number_is_a_sign_away(number, at, sign, how):
    before, after = number[:at], number[at:]
    token = {
        "other": before + sign + after[1:],
        "more": before + sign + after,
        "less": before + after[1:],
        "swapped": before + after[1::-1] + after[2:],
    }[how]
    folds = {folded(one.number): one.id for one in ITEMS}
    near = [key for known, key in folds.items() if OSA.distance(token, known) <= 1]
    # All its digits, or a run of them, are read before a slip is looked for.
    digits = {"".join(filter(str.isdigit, token)), *re.findall("[0-9]{5,}", token)}
    otherwise = any(token == known or known.removeprefix("INV") in digits for known in folds)

    found = quoted(Incoming(Decimal(9999), DAY, (token,)), book())

    told = [key for key, quote in found.items() if quote.how == "typo"]
    assert told == (near if len(near) == 1 and not otherwise else [])
