"""Private engines for a whole test run, and the fixtures that stand on them.

Named in pytest's addopts and not a conftest.py, because the engines must run before Django's settings are
read. The controller starts them once; xdist's workers inherit their addresses and take a database of their
own. The data lie in memory and go with the run, however it ends.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from billing_ops import embedded
from tests import template

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# 0 without xdist; each worker has a database, a state folder and two numbers on the Valkey server.
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
SOAK = os.environ.get("SOAK", "")
TEMPLATE = "billing_ops_template"
_ENOUGH_MEMORY = 2 * 1024**3

_servers: list[embedded.Server] = []
_folder: Path | None = None
_figures: list[str] = []


def _name() -> str:
    return f"billing_ops_{NUMBER}"


def _start_engines() -> None:
    global _folder  # noqa: PLW0603 (one per process)
    if WORKER:
        _folder = Path(os.environ["TEST_FOLDER"])
        return
    base = _memory()
    _sweep(base)
    _folder = Path(tempfile.mkdtemp(prefix=f"billing-ops-test-{os.getpid()}-", dir=base))
    _folder.chmod(0o711)  # the engines' user walks through
    os.environ["TEST_FOLDER"] = str(_folder)
    if not os.environ.get("TEST_DATABASE_SERVER"):
        postgres = embedded.Postgres(_folder, durable=False)
        template.restore(postgres.data)
        _servers.append(postgres)
        os.environ["TEST_DATABASE_SERVER"] = postgres.start().url()
    if not os.environ.get("TEST_VALKEY"):
        valkey = embedded.Valkey(_folder, durable=False)
        _servers.append(valkey)
        os.environ["TEST_VALKEY"] = valkey.start().url()


def _memory() -> Path:
    """/dev/shm where it has room, else the folder for temporary files."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ENOUGH_MEMORY:
        return memory
    return Path(tempfile.gettempdir())


def _sweep(base: Path) -> None:
    """Remove what a run that was killed left behind."""
    for folder in base.glob("billing-ops-test-*"):
        pid = int(folder.name.split("-")[3])
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _environment() -> None:
    """What settings read, before they are read. What the developer has set for `./dev run` does not count."""
    for name in (
        "BASE_URL",
        "EMAIL_URL",
        "ALLOWED_HOSTS",
        "HTTPS",
        "DEBUG",
        "LOG_FORMAT",
        "TRUSTED_PROXY_COUNT",
    ):
        os.environ.pop(name, None)
    os.environ.update(
        DATABASE_URL=_database_url(),
        REDIS_URL=os.environ["TEST_VALKEY"],
        REDIS_DB=str(2 * NUMBER),
        STATE_DIR=f"{_folder}/state-{NUMBER}",
        SECRET_KEY="only-for-tests-" + "0" * 50,
        DEMO="1",
        LOG_LEVEL="WARNING",
    )


def _database_url() -> str:
    """The server's address with this worker's database; the server's own names another one."""
    return urlsplit(os.environ["TEST_DATABASE_SERVER"])._replace(path=f"/{_name()}").geturl()


_start_engines()
_environment()


# --------------------------------------------------------------------------------------------- pytest


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the engines, also after Ctrl-C; after kill -9 the kernel ends them."""
    for server in reversed(_servers):
        server.stop()
        if isinstance(server, embedded.Postgres) and _folder and (_folder / "template.done").exists():
            template.keep(server.data)
    if _servers and _folder:
        shutil.rmtree(_folder, ignore_errors=True)
    _servers.clear()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under `./dev soak NAME`, keep the tests marked with that name."""
    if not SOAK:
        return
    chosen = [item for item in items if SOAK in _soak_names(item)]
    if not chosen:
        known = sorted({name for item in items for name in _soak_names(item)})
        raise pytest.UsageError(
            f"no test is marked soak({SOAK!r}); there are: {', '.join(known) or 'none yet'}"
        )
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _soak_names(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("soak") for name in mark.args}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what tests measured, also from xdist's workers."""
    if report.when == "teardown":
        _figures.extend(str(text) for name, text in report.user_properties if name == "figures")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured."""
    if _figures and not WORKER:
        terminalreporter.section("figures")
        for line in _figures:
            terminalreporter.write_line(line)


@pytest.fixture
def size() -> Callable[[int, int], int]:
    """`size(small, stated)`: the small number in `./dev test`, the stated one under `./dev soak`."""
    return lambda small, stated: stated if SOAK else small


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """`figures("T02", gaps=0, per_second=310)`: printed after the run."""

    def note(test: str, **values: object) -> None:
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
        record_property("figures", f"{test}{' at its stated size' if SOAK else ''}: {said}")

    return note


# ------------------------------------------------------------------------------------------- database


@contextlib.contextmanager
def databases() -> Iterator[None]:
    """A migrated template once per run, and during the block a clone of it for this worker."""
    _make_template()
    reset_database()
    yield
    _drop(_name())


@pytest.fixture(autouse=True, scope="session")
def _transactional_tests_reset_by_cloning() -> Iterator[None]:
    """Committing tests end with a fresh clone. Django would truncate all tables; the trail refuses that."""
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: reset_database())
        yield


def reset_database() -> None:
    """Give this worker a fresh clone of the template and an empty Valkey. Ends every open connection."""
    from django.core.cache import cache
    from django.db import connections

    connections.close_all()
    _drop(_name())
    # Not WAL_LOG: copying files is several times faster where nothing is written to disk.
    _on_server(f'CREATE DATABASE "{_name()}" TEMPLATE "{TEMPLATE}" STRATEGY FILE_COPY')
    cache.clear()
    empty_queue()


def empty_queue() -> None:
    """Forget all jobs of this worker's queue."""
    import redis

    with contextlib.closing(redis.Redis.from_url(os.environ["TEST_VALKEY"], db=2 * NUMBER)) as client:
        client.flushdb()


def _make_template() -> None:
    from django.core.management import call_command
    from django.db import connection

    from catalogue.operations import load_tax_rates
    from catalogue.reference import tax_rates

    assert _folder
    done = _folder / "template.done"
    with (_folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        half = f"{TEMPLATE}_half"
        _drop(half)
        if _on_server(f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'"):  # of an earlier run
            _on_server(f'ALTER DATABASE "{TEMPLATE}" RENAME TO "{half}"')
        else:
            _on_server(f'CREATE DATABASE "{half}"')
        own = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = half
        try:
            call_command("migrate", interactive=False, verbosity=0)
            # Reference data that nearly every test stands on, like the permissions that migrate writes.
            load_tax_rates(tax_rates(), actor=None, now=datetime(2024, 1, 8, 9, tzinfo=UTC))
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own
        _on_server(f'ALTER DATABASE "{half}" RENAME TO "{TEMPLATE}"')
        done.touch()


def _drop(name: str) -> None:
    _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(statement: str) -> list[tuple[Any, ...]]:
    import psycopg2

    connection = psycopg2.connect(os.environ["TEST_DATABASE_SERVER"])
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


# ------------------------------------------------------------------------------------------ processes


@pytest.fixture
def mail_sink(settings: Any) -> Iterator[Any]:
    """A real SMTP server; what it received is in `.messages`, what it answers in `.answers`."""
    from tests.processes import MailSink

    with MailSink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield sink


@pytest.fixture
def start_worker(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`start_worker(concurrency=2, NAME="value")`: a real celery worker on this test's database.

    Returns once it is ready; has `.pid`, `.kill()` (-9), `.stop()`, `.output()`. Use `mail_sink` before
    it and the worker sends its mail there. All are killed at the end of the test.
    """
    from tests.processes import Process, worker_argv

    started: list[Process] = []

    def start(concurrency: int = 2, **environment: str) -> Process:
        if "mail_sink" in request.fixturenames:
            environment.setdefault("EMAIL_URL", request.getfixturevalue("mail_sink").url)
        process = Process(worker_argv(concurrency), environment, ready=r"\bready\.")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def worker(start_worker: Callable[..., Any]) -> Any:
    """One real celery worker process."""
    return start_worker()


@pytest.fixture
def start_web(transactional_db: None) -> Iterator[Callable[..., Any]]:
    """`start_web(workers=2, NAME="value")`: a real gunicorn on this test's database, at `.url`."""
    from tests.processes import Process, free_port, web_argv

    started: list[Process] = []

    def start(workers: int = 2, **environment: str) -> Process:
        port = free_port()
        environment.setdefault("BASE_URL", f"http://127.0.0.1:{port}")
        process = Process(web_argv(port, workers), environment, ready=r"Booting worker")
        process.url = f"http://127.0.0.1:{port}"
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


# -------------------------------------------------------------------------------------------- browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, once per worker."""
    from playwright.sync_api import expect, sync_playwright

    from tests.browser import FLAGS, PATIENCE, chromium

    expect.set_options(timeout=PATIENCE)

    # Playwright's loop runs in this thread; Django would take every query for one inside async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`open_page("/path", user=user, theme="dark", width=390)`: a page of its own browser context.

    At the end of the test every page must have been free of script errors and CSP violations.
    """
    from tests.browser import Pages

    pages = Pages(browser, live_server.url)
    yield pages.open
    pages.close()
    assert not pages.complaints, "\n".join(pages.complaints)
