"""The test harness itself: real engines, clean databases, real processes."""

import pytest
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import connection


@pytest.mark.django_db
def test_the_engine_is_postgres_18_with_its_extensions():
    with connection.cursor() as cursor:
        version = cursor.connection.server_version
        cursor.execute("SELECT extname FROM pg_extension")
        extensions = {name for (name,) in cursor.fetchall()}
    assert version >= 180000
    assert extensions >= {"btree_gist", "pg_trgm", "unaccent"}


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_committing_test_starts_from_an_empty_database(attempt):
    people = get_user_model().objects
    assert not people.filter(email="left@example.com").exists()
    people.create_user("left@example.com", name="Left behind")


def test_a_real_worker_runs_jobs_of_the_test_database(worker):
    from django.core.cache import cache

    from metrics import health, tasks

    tasks.heartbeat.delay()
    worker.wait_for("task_succeeded")
    assert cache.get(health.WORKER_KEY)["at"]


def test_mail_goes_over_a_real_connection(mail_sink):
    send_mail("Hello", "Text", "from@example.com", ["to@example.com"])
    assert mail_sink.wait_for(1)[0]["subject"] == "Hello"


def test_sizes_are_small_outside_a_soak(size):
    assert size(3, 3000) == 3
