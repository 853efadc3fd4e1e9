"""`./dev run`: one command starts everything, watches it, and leaves nothing behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import psycopg2
import pytest

from billing_ops import embedded
from tests.processes import Process, free_port

# One after another in one of xdist's processes: each starts seven processes.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("up")]


class Copy:
    """A running copy of the product on a state folder of its own."""

    def __init__(self, state: Path, *options: str, bind: bool = True) -> None:
        self.state = state
        began = time.monotonic()
        chosen = [f"--bind=127.0.0.1:{free_port()}"] if bind else []
        self.process = Process(
            [sys.executable, "manage.py", "up", "--workers=1", "--jobs=1", *chosen, *options],
            {
                "STATE_DIR": str(state),
                "DJANGO_SETTINGS_MODULE": "billing_ops.settings",
                "HEARTBEAT_SECONDS": "1",
            },
        )
        self.process.wait_for(r"open http://\S+")
        self.seconds = time.monotonic() - began
        found = re.search(r"open (http://\S+)/ ", self.process.output())
        assert found
        self.url = found[1]

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        with suppress(OSError):
            return bool(urlopen(f"{self.url}/readyz", timeout=5).status == 200)
        return False

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement on its database and commit."""
        address = embedded.Postgres(self.state).url("billing_ops")
        with psycopg2.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def pid_of(self, name: str) -> int:
        """The main process of an engine."""
        mine = running_on(self.state)
        # The children of Postgres have no path in their titles.
        return next(pid for pid, words in mine.items() if words[0].partition(" ")[0].endswith(f"/{name}"))


def running_on(state: Path) -> dict[int, list[str]]:
    """Pid -> command line of every process of the copy on that state folder.

    The engines write their titles over their environment, but work inside their data folder.
    """
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (folder / "environ").read_bytes().split(b"\0")
            inside = (folder / "cwd").readlink().is_relative_to(state)
            if inside or f"STATE_DIR={state}".encode() in environment:
                found[int(folder.name)] = (folder / "cmdline").read_text().split("\0")
    return found


def eventually(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())


@pytest.fixture(scope="module")
def used_state() -> Iterator[Path]:
    """A state folder of a copy that ran once and holds a row of its own."""
    state = _new_state()
    copy = Copy(state)
    copy.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
    copy.process.popen.send_signal(signal.SIGINT)
    assert copy.process.popen.wait(30) == 0, copy.process.output()
    assert "stopped in" in copy.process.output()
    assert not running_on(state)
    yield state
    shutil.rmtree(state)


@pytest.fixture
def state(used_state: Path) -> Iterator[Path]:
    """A copy of that folder."""
    copy = used_state.with_name(f"up-{free_port()}")
    subprocess.run(["cp", "-a", str(used_state), str(copy)], check=True)
    yield copy
    for pid in running_on(copy):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(copy)


@pytest.fixture(autouse=True)
def _without_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget_urls(monkeypatch)


@pytest.fixture(autouse=True, scope="module")
def _without_urls_in_the_module() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _forget_urls(patch)
        yield


def _forget_urls(patch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "REDIS_DB", "SECRET_KEY", "BASE_URL", "DEMO"):
        patch.delenv(name, raising=False)


def _new_state() -> Path:
    state = Path(os.environ["TEST_FOLDER"]) / f"up-{free_port()}"
    state.mkdir(mode=0o711)
    login = {"email": "clerk@demo.example", "password": "a-demo-password", "role": "specialist"}
    (state / "demo.json").write_text(json.dumps({"logins": [login]}))
    return state


def test_the_second_start_is_quick_keeps_the_data_and_says_where_and_who(state):
    copy = Copy(state)

    assert copy.is_ready()
    assert copy.sql("SELECT n FROM kept") == [(42,)]
    assert "clerk@demo.example" in copy.process.output()
    assert copy.seconds < 5 * (2 if os.environ.get("PYTEST_XDIST_WORKER") else 1)
    with urlopen(f"{copy.url}/healthz", timeout=5) as answer:
        assert answer.status == 200
    # The clock ticks and the worker answers: the lines of both come under their names.
    assert eventually(lambda: re.search(r"^worker +\|.*task_succeeded", copy.process.output(), re.MULTILINE))

    copy.process.popen.send_signal(signal.SIGTERM)
    assert copy.process.popen.wait(30) == 0
    assert not running_on(state)


def test_kill_9_of_the_supervisor_leaves_no_process_and_loses_nothing(state):
    copy = Copy(state)
    copy.sql("INSERT INTO kept VALUES (43)")
    assert len(running_on(state)) > 8

    os.kill(copy.process.pid, signal.SIGKILL)

    assert eventually(lambda: not running_on(state)), running_on(state)
    again = Copy(state)
    assert again.is_ready()
    assert again.sql("SELECT n FROM kept ORDER BY n") == [(42,), (43,)]


@pytest.mark.parametrize("engine", ["postgres", "valkey-server"])
def test_an_engine_that_is_killed_comes_back_with_all_data(state, engine):
    copy = Copy(state)
    copy.sql("INSERT INTO kept VALUES (44)")

    os.kill(copy.pid_of(engine), signal.SIGKILL)

    assert eventually(lambda: "is back" in copy.process.output()), copy.process.output()
    assert eventually(copy.is_ready), copy.process.output()
    assert copy.sql("SELECT n FROM kept ORDER BY n") == [(42,), (44,)]


def test_a_process_that_dies_is_started_again(state):
    copy = Copy(state)
    beat = next(pid for pid, words in running_on(state).items() if "beat" in words)

    os.kill(beat, signal.SIGKILL)

    assert eventually(lambda: "beat ended with -9; starting it again" in copy.process.output())
    assert eventually(lambda: sum("beat" in words for words in running_on(state).values()) == 1)


def test_two_copies_run_side_by_side_and_one_folder_is_held_by_one(state):
    first = Copy(state)
    second = Copy(_new_state(), bind=False)

    assert first.url != second.url
    assert first.is_ready()
    assert second.is_ready()
    third = subprocess.run(
        [sys.executable, "manage.py", "up"],
        env=os.environ | {"STATE_DIR": str(state), "DJANGO_SETTINGS_MODULE": "billing_ops.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert third.returncode != 0
    assert f"in use by process {first.process.pid}" in third.stderr
    assert "--state-dir" in third.stderr
    second.process.stop()
    taken = subprocess.run(
        [sys.executable, "manage.py", "up", f"--bind={first.url.removeprefix('http://')}"],
        env=os.environ | {"STATE_DIR": str(second.state), "DJANGO_SETTINGS_MODULE": "billing_ops.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert taken.returncode != 0
    assert "is taken" in taken.stderr
    shutil.rmtree(second.state)
