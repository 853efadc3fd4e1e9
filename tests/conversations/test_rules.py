"""References, mentions, quotes and states."""

import random

import pytest

from conversations.rules import (
    bare_subject,
    make_reference,
    may_follow,
    mentions_in,
    references_in,
    split_quoted,
)


def test_a_reference_is_found_again_whatever_a_mail_program_does_to_it():
    reference = make_reference(random.Random(1).choice)

    for subject in (f"Re: Bill [{reference}]", f"AW: {reference.lower()}: bill", f"({reference})"):
        assert references_in(subject) == [reference]
    assert references_in(f"x{reference}") == []
    assert references_in("Q-4 results, Q-2026-0192") == []


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: AW: Fwd: Bill of May", "Bill of May"),
        ("re[2]:  Bill", "Bill"),
        ("Re: Bill [Q-7KX3MPD]", "Bill"),
        ("Regarding our order", "Regarding our order"),
        ("Bill\r\nBcc: x\u202e of May", "Bill Bcc: x of May"),
        ("", ""),
    ],
)
def test_a_subject_loses_what_mail_programs_put_before_it(subject, bare):
    assert bare_subject(subject) == bare


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@mara.lindqvist please look, cc @tom", ["mara.lindqvist", "tom"]),
        ("Ask @Mara.Lindqvist@northwind.example.", ["mara.lindqvist@northwind.example"]),
        ("write to ap@customer.example", []),
        ("(@tom) and @tom.", ["tom"]),
        ("@ nobody, 5 @ 10", []),
    ],
)
def test_mentions_are_names_after_an_at(body, names):
    assert mentions_in(body) == names


@pytest.mark.parametrize(
    ("body", "own", "quoted"),
    [
        (
            "Yes.\n\nOn 3 May 2026, Billing wrote:\n> Is it?",
            "Yes.",
            "On 3 May 2026, Billing wrote:\n> Is it?",
        ),
        (
            "Ja.\nAm 03.05.2026 um 10:00 schrieb Billing:\nalt",
            "Ja.",
            "Am 03.05.2026 um 10:00 schrieb Billing:\nalt",
        ),
        ("Fine\n> old\n> older", "Fine", "> old\n> older"),
        ("> first\nmy answer", "> first\nmy answer", ""),
        ("On Monday we pay", "On Monday we pay", ""),
    ],
)
def test_what_is_quoted_is_told_from_what_is_new(body, own, quoted):
    assert split_quoted(body) == (own, quoted)


def test_a_closed_thread_only_opens():
    assert [state for state in ("open", "waiting", "answered", "closed") if may_follow("closed", state)] == [
        "open",
        "closed",
    ]
