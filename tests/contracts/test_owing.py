"""What a contract owes and bills: worked cases, and any sequence of changes and runs."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.billing import due_bills, unbilled
from contracts.owing import Facts, ItemFacts, owed, period_of, periods
from contracts.rules import Tier

D = Decimal
START = date(2026, 1, 1)


def facts(*items, **values):
    return Facts(**({"currency": "EUR", "anchor": START, "starts_on": START, "items": items} | values))


def fixed(key=1, price="30", **values):
    return ItemFacts(**({"key": key, "kind": "fixed", "price": D(price), "starts_on": START} | values))


def usage(key=2, price="0.10", **values):
    return ItemFacts(**({"key": key, "kind": "usage", "price": D(price), "starts_on": START} | values))


def bill(now, book, until):
    """Run on a day: the bills made; `book` is {(item, period): amount} and the periods done."""
    billed, done = book
    bills = due_bills(now, billed, frozenset(done), until)
    for one in bills:
        assert one.period.start not in done
        assert one.amount > 0
        done.add(one.period.start)
        for rest in one.rests:
            billed[rest.item.key, rest.period.start] += rest.amount
    return bills


def empty():
    return defaultdict(Decimal), set()


def test_periods_are_counted_from_the_anchor_and_billed_in_advance_or_arrears():
    monthly = facts(fixed(), anchor=date(2026, 1, 31), starts_on=date(2026, 1, 31))
    assert [one.start.isoformat() for one in periods(monthly, date(2026, 4, 1))] == [
        "2026-01-31", "2026-02-28", "2026-03-31",
    ]  # fmt: skip
    later = facts(fixed(), timing="arrears")
    assert [one.bills_on for one in periods(later, date(2026, 3, 1))] == [date(2026, 2, 1), date(2026, 3, 1)]


def test_a_plan_change_gives_back_the_rest_and_asks_for_the_new_plan():
    before = facts(fixed(price="30"))
    book = empty()
    assert [one.amount for one in bill(before, book, START)] == [D("30.00")]
    change = date(2026, 1, 16)
    after = facts(
        fixed(price="30", ends_on=change - timedelta(days=1)), fixed(3, "60", starts_on=change, replaces=1)
    )

    [february] = bill(after, book, date(2026, 2, 1))

    assert [(r.amount, r.reason) for r in february.rests] == [
        (D("-15.48"), "unused"), (D("30.97"), "late"), (D("60.00"), "regular"),
    ]  # fmt: skip


def test_late_usage_comes_on_the_next_bill():
    item = usage(
        pricing="graduated", tiers=(Tier(D(100), D("0.10")), Tier(D(1000), D("0.08")), Tier(None, D("0.05")))
    )
    book = empty()
    at_first = facts(item, usage={2: {date(2026, 1, 20): D(1000)}})
    [one] = bill(at_first, book, date(2026, 2, 1))
    assert one.amount == D("82.00")
    late = facts(item, usage={2: {date(2026, 1, 20): D(1500), date(2026, 2, 2): D(10)}})
    assert bill(late, book, date(2026, 2, 10)) == []

    [two] = bill(late, book, date(2026, 3, 1))

    assert [(r.amount, r.reason, r.period.start) for r in two.rests] == [
        (D("25.00"), "late_usage", START), (D("1.00"), "regular", date(2026, 2, 1)),
    ]  # fmt: skip


def test_a_minimum_a_volume_price_a_free_time_and_a_price_step():
    least = facts(usage(minimum=D(50)))
    january = next(periods(least, START))
    assert owed(least, least.items[0], january).amount == D("50.00")
    volume = usage(pricing="volume", tiers=(Tier(D(1000), D("0.08")), Tier(None, D("0.05"))))
    used = facts(volume, usage={2: {START: D(1500)}})
    assert owed(used, volume, january).amount == D("75.00")
    free = fixed(price="31", free_until=date(2026, 1, 10))
    assert owed(facts(free), free, january).amount == D("21.00")
    stepped = facts(fixed(price="31"), steps=((date(2026, 1, 11), D(10)),))
    assert owed(stepped, stepped.items[0], january).amount == D("33.10")
    assert owed(stepped, stepped.items[0], period_of(stepped, date(2026, 2, 1))).amount == D("34.10")


def test_a_missed_period_has_a_bill_of_its_own():
    book = empty()
    bills = bill(facts(fixed()), book, date(2026, 3, 5))
    assert [(one.period.start.month, one.amount) for one in bills] == [(1, 30), (2, 30), (3, 30)]
    assert bill(facts(fixed()), book, date(2026, 3, 5)) == []


def test_what_is_to_be_given_back_waits_and_never_makes_a_negative_bill():
    book = empty()
    bill(facts(fixed()), book, START)
    ended = facts(fixed(), ends_on=date(2026, 1, 10))
    assert bill(ended, book, date(2026, 6, 1)) == []
    [rest] = unbilled(ended, book[0], date(2026, 6, 1))
    assert (rest.amount, rest.reason) == (D("-20.32"), "unused")


@pytest.mark.parametrize("until", [date(2026, 1, 31), date(2026, 6, 1)])
def test_a_one_off_is_asked_for_once(until):
    once = ItemFacts(9, "one_off", D(250), date(2026, 1, 15))
    book = empty()
    bill(facts(fixed(), once), book, until)
    bill(facts(fixed(), once), book, until)
    assert book[0][9, START] == (250 if until >= date(2026, 2, 1) else 0)


# Beyond the last change, so that a bill comes after it.
LAST = date(2027, 4, 1)
any_day = st.dates(min_value=START, max_value=date(2026, 11, 30))
acts = st.lists(
    st.one_of(
        st.tuples(st.just("run"), any_day, st.just(0)),
        st.tuples(st.just("plan"), any_day, st.integers(1, 90)),
        st.tuples(st.just("rest"), any_day, st.integers(0, 60)),
        st.tuples(st.just("use"), any_day, st.integers(1, 3000)),
        st.tuples(st.just("step"), any_day, st.integers(-20, 20)),
        st.tuples(st.just("end"), any_day, st.just(0)),
        st.tuples(st.just("renew"), any_day, st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(
    acts, st.sampled_from([1, 3]), st.sampled_from(["advance", "arrears"]), st.dates(START, date(2026, 2, 20))
)
def test_whatever_happens_every_period_is_billed_once_and_the_sum_is_what_is_owed(
    sequence, every, timing, start
):
    items = [fixed(starts_on=start), usage(starts_on=start, minimum=D(5))]
    used, rests, steps, ends = defaultdict(Decimal), [], {}, None
    book = empty()
    today = start

    def as_it_stands():
        return facts(
            *items, starts_on=start, every_months=every, timing=timing, ends_on=ends,
            suspensions=tuple(rests), steps=tuple(steps.items()), usage={2: dict(used)},
        )  # fmt: skip

    for act, day, size in sequence:
        if act == "run":
            today = max(today, day)
            bill(as_it_stands(), book, today)
        elif act == "plan":
            old = items[-1] if items[-1].kind == "fixed" else items[0]
            if day > old.starts_on:
                items[items.index(old)] = ItemFacts(**{**vars(old), "ends_on": day - timedelta(days=1)})
                items.append(fixed(10 + len(items), str(size), starts_on=day))
        elif act == "rest":
            last = day + timedelta(days=size)
            if all(last < begin or day > end for begin, end in rests):
                rests.append((day, last))
        elif act == "use":
            used[day] += size
        elif act == "step":
            steps[day] = D(size)
        elif act == "end":
            ends = max(day, start)
        else:
            ends = ends and ends + timedelta(days=90)
    now = as_it_stands()
    bill(now, book, LAST)

    assert bill(now, book, LAST) == []
    waiting = unbilled(now, book[0], LAST)
    due = sum(
        (
            owed(now, item, period).amount
            for period in periods(now, LAST)
            for item in now.items
            if not (item.kind == "usage" and period.end >= LAST)
        ),
        D(0),
    )
    assert sum(book[0].values(), D(0)) + sum((rest.amount for rest in waiting), D(0)) == due
    # All that waits together asks for nothing: it is to be given back.
    assert sum((rest.amount for rest in waiting), D(0)) <= 0
    assert all(amount >= 0 for amount in book[0].values())
