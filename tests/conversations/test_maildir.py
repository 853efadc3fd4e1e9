"""The watched folder: each file is taken by one worker, kept when done, set aside when broken."""

import os
import threading
import time

import pytest
from django.db import connection

from conversations import tasks
from conversations.maildir import CLAIMED, DONE, STALE_SECONDS, Maildir
from conversations.models import InboundMail, Post
from tests.conversations.test_incoming import raw
from tests.world import make_world


@pytest.fixture
def folder(settings, tmp_path):
    settings.MAILDIR = str(tmp_path / "mail")
    made = Maildir(tmp_path / "mail")
    made.prepare()
    return made


def drop(folder, name, data):
    (folder.root / "new" / name).write_bytes(data)


@pytest.mark.django_db
def test_mails_are_posted_and_moved_and_broken_ones_set_aside_with_the_reason(folder):
    make_world()
    drop(folder, "1", raw())
    drop(folder, "2", raw(From=None))
    drop(folder, "3", raw())  # the same mail once more

    assert tasks.read_maildir() == 3

    assert Post.objects.count() == 1
    assert sorted(path.name for path in (folder.root / DONE).iterdir()) == ["1", "3"]
    assert "names no sender" in (folder.root / "broken" / "2.reason.txt").read_text()
    assert InboundMail.objects.get(outcome="broken").reason == "The mail names no sender."
    assert tasks.read_maildir() == 0


@pytest.mark.django_db
def test_the_claim_of_a_worker_that_died_is_given_back(folder):
    make_world()
    stale = folder.root / CLAIMED / "1"
    stale.write_bytes(raw())
    assert tasks.read_maildir() == 0
    os.utime(stale, (0, time.time() - STALE_SECONDS - 1))

    assert tasks.read_maildir() == 1
    assert Post.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_workers_take_each_mail_once(folder):
    make_world()
    for number in range(12):
        drop(folder, str(number), raw(Message_ID=f"<{number}@customer.example>", Subject=f"Mail {number}"))
    gate, counts, faults = threading.Barrier(3), [], []

    def work():
        try:
            gate.wait()
            counts.append(tasks.read_maildir())
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert not faults
    assert sum(counts) == 12
    assert Post.objects.count() == 12
    assert len(list((folder.root / DONE).iterdir())) == 12


@pytest.mark.django_db
def test_nobody_looks_where_no_folder_is_named(settings):
    settings.MAILDIR = ""
    assert tasks.read_maildir() == 0
