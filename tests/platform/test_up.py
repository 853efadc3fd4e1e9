"""`./dev run`: one command starts everything, watches it, and leaves nothing behind.

Starting a whole copy costs seconds of both cores, so the tests share one: whoever ends it leaves the next
test to start it again on the same folder.
"""

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

# One after another in one of xdist's processes: each starts seven processes. The first start makes all
# tables: a minute where nothing runs beside it, several where the rest of the suite does.
FIRST_START = 600
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * FIRST_START), pytest.mark.xdist_group("up")]


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
        self.process.wait_for(r"open http://\S+", FIRST_START)
        self.seconds = time.monotonic() - began
        found = re.search(r"open (http://\S+)/ ", self.process.output())
        assert found
        self.url = found[1]

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        with suppress(OSError):
            return bool(urlopen(f"{self.url}/readyz", timeout=30).status == 200)
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


def eventually(condition: Callable[[], object], seconds: float = 90) -> bool:
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
    assert copy.process.popen.wait(90) == 0, copy.process.output()
    assert "stopped in" in copy.process.output()
    assert not running_on(state)
    subprocess.run(["cp", "-a", str(state), str(_beside(state))], check=True)
    yield state
    for folder in (state, _beside(state)):
        _end_all(folder)


def _beside(state: Path) -> Path:
    """Where a second copy of the folder lies."""
    return state.with_name(f"{state.name}-beside")


@pytest.fixture(scope="module")
def started(used_state: Path) -> list[Copy]:
    """The copies started on that folder; the last one may run."""
    return []


@pytest.fixture
def copy(used_state: Path, started: list[Copy]) -> Copy:
    """One that runs on that folder: that of the test before, where it was left running."""
    if not started or started[-1].process.popen.poll() is not None:
        started.append(Copy(used_state))
    assert eventually(started[-1].is_ready), started[-1].process.output()
    return started[-1]


@pytest.fixture
def other_state() -> Iterator[Path]:
    """A folder nobody has used."""
    state = _new_state()
    yield state
    _end_all(state)


def _end_all(state: Path) -> None:
    for pid in running_on(state):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(state)


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


def test_the_second_start_keeps_the_data_and_says_where_and_who(copy, figures):
    assert copy.sql("SELECT n FROM kept WHERE n = 42") == [(42,)]
    assert "clerk@demo.example" in copy.process.output()
    assert "the tables are made or brought up to date" in copy.process.output()
    with urlopen(f"{copy.url}/healthz", timeout=30) as answer:
        assert answer.status == 200
    # The clock ticks and the worker answers: the lines of both come under their names.
    assert eventually(lambda: re.search(r"^worker +\|.*task_succeeded", copy.process.output(), re.MULTILINE))
    figures("a later start", seconds=round(copy.seconds, 1))


@pytest.mark.parametrize(("engine", "row"), [("postgres", 43), ("valkey-server", 44)])
def test_an_engine_that_is_killed_comes_back_with_all_data(copy, engine, row):
    copy.sql(f"INSERT INTO kept VALUES ({row})")
    killed = copy.pid_of(engine)
    said = copy.process.output().count("is back")

    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: copy.process.output().count("is back") > said), copy.process.output()
    assert eventually(copy.is_ready), copy.process.output()
    assert copy.pid_of(engine) != killed
    assert copy.sql(f"SELECT n FROM kept WHERE n IN (42, {row}) ORDER BY n") == [(42,), (row,)]


def test_a_process_that_dies_is_started_again(copy):
    beat = next(pid for pid, words in running_on(copy.state).items() if "beat" in words)

    os.kill(beat, signal.SIGKILL)

    assert eventually(lambda: "beat ended with -9; starting it again" in copy.process.output())
    assert eventually(lambda: sum("beat" in words for words in running_on(copy.state).values()) == 1)


def test_one_folder_is_held_by_one_and_so_is_an_address(copy, other_state):
    third = _try_to_start(copy.state)
    assert third.returncode != 0
    assert f"in use by process {copy.process.pid}" in third.stderr
    assert "--state-dir" in third.stderr

    taken = _try_to_start(other_state, f"--bind={copy.url.removeprefix('http://')}")
    assert taken.returncode != 0
    assert "is taken" in taken.stderr
    assert eventually(copy.is_ready)


def test_two_copies_run_side_by_side(copy, used_state):
    second = Copy(_beside(used_state), bind=False)

    assert copy.url != second.url
    assert eventually(second.is_ready), second.process.output()
    assert eventually(copy.is_ready), copy.process.output()
    second.process.stop(90)


def test_kill_9_of_the_supervisor_leaves_no_process_and_loses_nothing(copy, used_state, started):
    copy.sql("INSERT INTO kept VALUES (45)")
    assert len(running_on(used_state)) > 8

    os.kill(copy.process.pid, signal.SIGKILL)

    assert eventually(lambda: not running_on(used_state)), running_on(used_state)
    copy.process.popen.wait()
    started.append(Copy(used_state))
    again = started[-1]
    assert eventually(again.is_ready), again.process.output()
    assert again.sql("SELECT n FROM kept WHERE n IN (42, 45) ORDER BY n") == [(42,), (45,)]


def test_being_asked_to_end_it_leaves_no_process(copy, used_state):
    copy.process.popen.send_signal(signal.SIGTERM)

    assert copy.process.popen.wait(90) == 0
    assert not running_on(used_state)


def _try_to_start(state: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "up", *options],
        env=os.environ | {"STATE_DIR": str(state), "DJANGO_SETTINGS_MODULE": "billing_ops.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
