"""The outbox of facts: every subscriber hears of every fact, at least once, also after a crash."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from django.db import connections, transaction

from team.models import User
from trail import tasks
from trail.models import Announcement
from trail.operations import record
from trail.relay import BATCH, hand_over, outbox

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 20, 9, 30, tzinfo=UTC)
WIRING = {"test.happened": ("a.tasks.hear", "b.tasks.hear"), "test.other": ("a.tasks.other",)}


@pytest.fixture(autouse=True)
def wiring(monkeypatch):
    monkeypatch.setattr("billing_ops.subscriptions.SUBSCRIPTIONS", WIRING)


@pytest.fixture
def subject():
    return User.objects.create_user(email="a@b.example", name="A")


def note(subject, fact="test.happened", count=1, at=NOW):
    return [record(fact, subject, actor=None, at=at) for _ in range(count)]


def test_a_fact_waits_for_each_of_its_subscribers(subject):
    note(subject)
    note(subject, "test.nobody_listens")

    assert sorted(Announcement.objects.values_list("task", flat=True)) == ["a.tasks.hear", "b.tasks.hear"]


def test_facts_are_handed_over_once_in_order(subject):
    note(subject, count=2)
    heard = []

    assert hand_over(heard.append, now=NOW).count == 4
    assert hand_over(heard.append, now=NOW).count == 0

    assert [row.pk for row in heard] == sorted(row.pk for row in heard)
    assert set(Announcement.objects.values_list("handed_over_at", "attempts")) == {(NOW, 1)}


def test_a_broker_that_fails_keeps_the_rest_waiting_and_counts_the_attempt(subject):
    note(subject, count=2)
    heard = []

    def send(row):
        if len(heard) == 1:
            raise ConnectionError("broker down")
        heard.append(row)

    handed = hand_over(send, now=NOW)

    assert handed.count == 1
    assert isinstance(handed.error, ConnectionError)
    assert list(Announcement.objects.order_by("id").values_list("attempts", flat=True)) == [1, 1, 0, 0]
    assert Announcement.objects.filter(handed_over_at__isnull=True).count() == 3
    assert hand_over(heard.append, now=NOW).count == 3


def test_the_outbox_says_how_far_it_is_behind(subject):
    note(subject, "test.other", at=NOW - timedelta(minutes=3))
    note(subject, "test.other")

    state = outbox()

    assert (state.waiting, state.oldest_at, state.most_attempts) == (2, NOW - timedelta(minutes=3), 0)
    assert state.lag(NOW) == timedelta(minutes=3)
    hand_over(lambda row: None, now=NOW)
    assert outbox().lag(NOW) == timedelta(0)


def test_the_tick_sends_everything_in_batches_under_the_acts_own_id(subject, monkeypatch):
    sent = []

    def send_task(name, kwargs):
        sent.append((name, kwargs["entry_id"], structlog.contextvars.get_contextvars().get("request_id")))

    monkeypatch.setattr(tasks.current_app, "send_task", send_task)
    monkeypatch.setattr("trail.operations.get_cid", lambda: "the-click")
    entries = note(subject, "test.other", count=BATCH + 1)

    assert tasks.relay() == BATCH + 1
    assert sent == [("a.tasks.other", entry.pk, "the-click") for entry in entries]


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_share_the_work(subject):
    note(subject, "test.other", count=4)
    first, second = [], []

    def send_and_let_the_other_run(row):
        first.append(row.pk)
        if len(first) == 2:
            other = connections["default"].copy()
            _relay_on(other, second)

    hand_over(send_and_let_the_other_run, now=NOW, limit=4)

    assert sorted(first + second) == sorted(Announcement.objects.values_list("pk", flat=True))
    assert second == []  # all four were locked by the first; the second passed them over without waiting


def _relay_on(other, heard):
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT id FROM trail_announcement WHERE handed_over_at IS NULL FOR UPDATE SKIP LOCKED"
        )
        heard += [pk for (pk,) in cursor.fetchall()]
        cursor.execute("ROLLBACK")
    other.close()


@pytest.mark.django_db(transaction=True)
def test_a_crash_before_the_commit_repeats_and_loses_nothing(subject):
    """T29: what was sent and not committed is sent again; what was rolled back was never announced."""
    note(subject, "test.other")
    heard = []

    def crash(row):
        heard.append(row.pk)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hand_over(crash, now=NOW)
    with transaction.atomic():
        note(subject, "test.other")
        transaction.set_rollback(True)
    hand_over(lambda row: heard.append(row.pk), now=NOW)

    assert len(heard) == 2
    assert heard[0] == heard[1]
