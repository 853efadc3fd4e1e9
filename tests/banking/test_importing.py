"""Statements are proven, kept with their hash, and each line is here once."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections, transaction

from banking import operations, reading
from banking.models import Line, Statement, StatementFile
from banking.operations import NotOurs, NotProven
from banking.rules import BrokenFile
from core.errors import DomainError, Invalid
from entities.models import BankAccount
from tests.banking.statements import camt
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent / "data"


@pytest.fixture
def world():
    return make_world()


def bring(world, data: bytes, **options):
    return operations.import_file("november.xml", data, actor=world.cash, now=NOW, **options)


def counts() -> tuple[int, int, int]:
    return StatementFile.objects.count(), Statement.objects.count(), Line.objects.count()


def test_a_statement_is_kept_with_its_proof_and_its_file(world):
    data = camt(("119.00", "Invoice 1", "Kestrel"), ("-19.00", "Fee", "Bank"))

    done = bring(world, data)

    [statement] = done.statements
    assert (statement.opening, statement.moved, statement.closing) == (1000, 100, 1100)
    assert statement.proof == Statement.Proof.PROVEN
    assert [line.amount for line in statement.lines.all()] == [Decimal(119), Decimal(-19)]
    assert bytes(done.file.content) == data
    assert done.file.sha256 == hashlib.sha256(data).hexdigest()


def test_the_same_file_again_changes_nothing(world):
    data = camt(("119.00", "Invoice 1", "Kestrel"))
    first = bring(world, data)
    before = counts()

    again = bring(world, data)

    assert not again.is_new
    assert again.statements == first.statements
    assert counts() == before


def test_a_file_that_overlaps_brings_only_new_lines(world):
    bring(world, camt(("119.00", "Invoice 1", "Kestrel")))
    both = camt(("119.00", "Invoice 1", "Kestrel"), ("50.00", "Invoice 2", "Kestrel"))

    [statement] = bring(world, both).statements

    assert (statement.lines_read, statement.known) == (2, 1)
    assert Line.objects.count() == 2


@pytest.mark.parametrize(
    ("data", "refusal", "words"),
    [
        (camt(("5.00", "a", "b"), closing="1004.00"), NotProven, "-1.00 is unexplained"),
        (camt(("5.00", "a", "b"), iban="DE02120300000000202051"), NotOurs, "No account of ours"),
        (camt(("5.00", "a", "b"), currency="USD"), NotOurs, "in USD"),
        (camt(("5.005", "a", "b")), BrokenFile, "more decimals than EUR has"),
        (camt(("5.00", "a", "b"), opening="1.005"), BrokenFile, "more decimals than EUR has"),
        (camt(("5.00", "a", "b"), opening="1" + "0" * 20), BrokenFile, "more than fifteen digits"),
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_written(world, data, refusal, words):
    with pytest.raises(refusal, match=words):
        bring(world, data)

    assert counts() == (0, 0, 0)


def test_one_bad_statement_refuses_the_whole_file(world):
    good, bad = (
        camt(("5.00", "a", "b")).decode(),
        camt(("5.00", "a", "b"), closing="1.00", number="2").decode(),
    )
    start, end = bad.index("<Stmt>"), bad.index("</Stmt>") + len("</Stmt>")
    both = good.replace("</Stmt>", "</Stmt>" + bad[start:end])

    with pytest.raises(NotProven):
        bring(world, both.encode())

    assert counts() == (0, 0, 0)


def test_a_statement_that_does_not_follow_the_one_before_is_refused_until_somebody_says_why(world):
    bring(world, camt(("5.00", "a", "b")))
    later = camt(("7.00", "c", "d"), opening="1010.00", day="2026-11-18", number="3")

    with pytest.raises(NotProven, match=r"5\.00 lies between"):
        bring(world, later)
    [statement] = bring(world, later, accept_because="The bank lost the 17th.").statements

    assert (statement.gap, statement.accepted_because) == (Decimal(5), "The bank lost the 17th.")
    assert statement.proof == Statement.Proof.PROVEN


def test_a_difference_can_be_accepted_with_a_reason_and_stays_marked(world):
    [statement] = bring(
        world, camt(("5.00", "a", "b"), closing="1004.00"), accept_because="Bank confirmed by phone."
    ).statements

    assert statement.proof == Statement.Proof.ACCEPTED
    assert statement.accepted_because == "Bank confirmed by phone."


def test_the_same_statement_told_otherwise_is_not_booked_twice(world):
    lines = (("119.00", "Invoice 1", "Kestrel"), ("-19.00", "Fee", "Bank"))
    bring(world, camt(*lines))
    before = counts()
    told = camt(*lines, references=False)

    with pytest.raises(NotProven, match="lies between"):
        bring(world, told)
    assert counts() == before
    [statement] = bring(world, told, accept_because="They insist.").statements

    assert {line.state for line in statement.lines.all()} == {Line.State.DOUBTFUL}


def test_a_line_that_moves_no_money_waits_for_nobody(world):
    [statement] = bring(world, camt(("5.00", "a", "b"), ("0.00", "Terms change", "Bank"))).statements

    assert [(line.state, line.reason) for line in statement.lines.order_by("place")] == [
        (Line.State.NEW, ""),
        (Line.State.ASIDE, "It moves no money."),
    ]


def test_two_equal_payments_in_two_statements_of_one_day_are_two(world):
    first = camt(("33.00", "coffee", "Kestrel"), references=False)
    second = camt(("33.00", "coffee", "Kestrel"), opening="1033.00", number="2", references=False)
    bring(world, first)

    [statement] = bring(world, second).statements

    assert (statement.known, Line.objects.count()) == (0, 2)
    # A whole day exported later holds both: nothing is new.
    both = camt(("33.00", "coffee", "Kestrel"), ("33.00", "coffee", "Kestrel"), number="3", references=False)
    [again] = bring(world, both).statements
    assert (again.known, Line.objects.count()) == (2, 2)


def test_one_known_line_does_not_excuse_a_wrong_opening(world):
    bring(world, camt(("119.00", "Invoice 1", "Kestrel")))
    before = counts()

    with pytest.raises(NotProven, match="lies between"):
        bring(world, camt(("119.00", "Invoice 1", "Kestrel"), ("50.00", "x", "y"), opening="1.00"))

    assert counts() == before


def test_a_chosen_account_must_be_that_of_the_file(world):
    other = BankAccount.objects.create(
        entity=world.entity,
        currency="USD",
        holder="x",
        bank_name="Other",
        account_number="4711",
        since=date(2020, 1, 1),
    )

    with pytest.raises(NotOurs, match="you chose"):
        bring(world, camt(("5.00", "a", "b")), account=other)

    assert counts() == (0, 0, 0)


def test_a_table_needs_its_layout_once(world):
    account = world.entity.bank_accounts.get()
    data = b"Day,Amount,Words\n2026-11-16,119.00,Invoice 1\n"
    with pytest.raises(BrokenFile, match="nobody said yet"):
        bring(world, data, account=account)
    with pytest.raises(Invalid, match="which the amount"):
        operations.save_layout(
            account, {"booked_on": "Day"}, day_order="ymd", decimal=".", actor=world.cash, now=NOW
        )
    operations.save_layout(
        account,
        {"booked_on": "Day", "amount": "Amount", "text": "Words"},
        day_order="ymd",
        decimal=".",
        actor=world.cash,
        now=NOW,
    )

    [statement] = bring(world, data, account=account).statements

    assert statement.proof == Statement.Proof.UNSTATED
    assert statement.lines.get().text == "Invoice 1"


@pytest.mark.soak("T50")
@pytest.mark.parametrize("path", sorted(DATA.glob("*.[xso]*")), ids=lambda path: path.name)
def test_every_sample_twice_is_a_no_op_the_second_time(world, path, figures):
    """Those whose balances do not agree are taken with a reason; broken ones are refused twice alike."""
    data = path.read_bytes()
    try:
        found = reading.read(data)
    except BrokenFile:
        for _ in range(2):
            with pytest.raises(BrokenFile):
                bring(world, data)
        assert counts() == (0, 0, 0)
        return
    for one in {(one.account, one.currency): one for one in found}.values():
        BankAccount.objects.filter(entity=world.entity, currency=one.currency).update(is_active=False)
        BankAccount.objects.create(
            entity=world.entity,
            currency=one.currency,
            holder="x",
            bank_name="Sample",
            account_number=one.account,
            since=date(2000, 1, 1),
        )

    bring(world, data, accept_because="A sample.")
    before = counts()
    bring(world, data, accept_because="A sample.")

    assert before[2] == sum(len(one.lines) for one in found)
    assert counts() == before
    figures("T50", file=path.name, duplicates=counts()[2] - before[2])


@pytest.mark.django_db(transaction=True)
def test_the_same_file_brought_at_once_is_one_file(world):
    data = camt(*((f"{n}.00", f"Invoice {n}", "Kestrel") for n in range(1, 30)))

    def run(_):
        try:
            return bring(world, data).file.pk
        except DomainError as refusal:
            return str(refusal)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        results = set(threads.map(run, range(4)))

    assert results == {StatementFile.objects.get().pk}
    assert Line.objects.count() == 29


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_statementfile SET name = 'other'",
        "DELETE FROM banking_statementfile",
        "UPDATE banking_statement SET moved = moved + 1",
        "UPDATE banking_line SET state = 'booked'",
        "UPDATE banking_line SET state = 'aside'",
        "INSERT INTO banking_line SELECT nextval('banking_line_id_seq'), place, key FROM banking_line",
    ],
)
def test_the_database_refuses_it_too(world, statement):
    bring(world, camt(("5.00", "a", "b")))

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert Line.objects.get().state == Line.State.NEW
