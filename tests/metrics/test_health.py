"""Probes and the health page."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from django.utils import timezone

from metrics import health, tasks
from team.models import User


@pytest.fixture
def administrator(db):
    """Somebody who may see the health page."""
    user = User.objects.create_user("root@example.com", "a-long-password", name="Root")
    user.user_permissions.add(Permission.objects.get(codename="view_health"))
    return user


def findings():
    """The report by name."""
    return {finding.name: finding for finding in health.report()}


def test_the_process_is_alive_without_asking_the_database(client):
    with patch.object(health, "is_ready", side_effect=AssertionError):
        assert client.get("/healthz").json() == {"status": "alive"}


def test_it_is_ready_when_database_queue_and_tables_are(client, db):
    assert client.get("/readyz").status_code == 200


def test_a_good_answer_about_the_tables_holds_for_a_while(client, db):
    client.get("/readyz")
    with patch.object(health, "pending_migrations", side_effect=AssertionError):
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "broken",
    [
        {"target": "_database", "side_effect": OperationalError("no such host db.internal")},
        {"target": "pending_migrations", "return_value": 1},
    ],
)
def test_it_is_not_ready_otherwise_and_says_no_more(client, db, broken):
    target = broken.pop("target")
    with patch.object(health, "_fit_until", [0.0]), patch.object(health, target, **broken):
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready"}


def test_beat_and_worker_are_silent_until_they_spoke(db):
    health.store.delete_many([health.BEAT_KEY, health.WORKER_KEY])
    before = findings()
    health.note_beat()
    tasks.heartbeat()
    after = findings()

    assert [before[name].ok for name in ("beat", "worker", "delay")] == [False, False, False]
    assert [after[name].ok for name in ("beat", "worker", "delay")] == [True, True, True]


def test_a_clock_that_stopped_is_found(db, settings):
    health.note_beat()
    with patch.object(health, "time", lambda: timezone.now().timestamp() + 10 * settings.HEARTBEAT_SECONDS):
        assert not findings()["beat"].ok


def test_jobs_that_wait_are_counted(transactional_db):
    for _ in range(3):
        tasks.heartbeat.delay()

    assert findings()["queue"].value == 3


def test_facts_that_nobody_announced_are_found(db):
    from django.contrib.contenttypes.models import ContentType

    from trail.models import Announcement, Entry

    entry = Entry.objects.create(
        content_type=ContentType.objects.get_for_model(User), object_pk="1", action=0, fact="x.happened"
    )
    Announcement.objects.create(entry=entry, task="t", queued_at=timezone.now() - timedelta(minutes=5))

    outbox = findings()["outbox"]
    assert not outbox.ok
    assert outbox.value == pytest.approx(300, abs=5)
    assert outbox.note == "1 waiting"


def test_what_is_down_is_reported_as_down(db):
    with patch.object(health, "_outbox", side_effect=OperationalError("secret host")):
        outbox = findings()["outbox"]

    assert not outbox.ok
    assert outbox.value is None
    assert outbox.note == "OperationalError"


def test_the_page_shows_every_part(client, administrator, settings):
    client.force_login(administrator, backend=settings.AUTHENTICATION_BACKENDS[0])
    page = client.get("/health")

    assert page.status_code == 200
    for finding in health.report():
        assert f'id="health-{finding.name}"' in page.content.decode()


def test_the_page_is_not_for_everybody(client, db, settings):
    client.force_login(
        User.objects.create_user("clerk@example.com", "a-long-password", name="Clerk"),
        backend=settings.AUTHENTICATION_BACKENDS[0],
    )

    assert client.get("/health").status_code == 403
