"""Everything in one foreground command; `./dev run` calls it."""

import fcntl
import json
import os
import signal
import socket
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from billing_ops import embedded, processes
from billing_ops.processes import Child, say

DEFAULT_BIND = "127.0.0.1:8000"
# With no address asked for, the next free one is taken: a second copy needs no thought.
PORTS_TRIED = 20
RESTARTS, RESTART_WINDOW = 5, 60.0
# How often a long first start says that it goes on.
PROGRESS_SECONDS = 15.0


class Stop(Exception):
    """Time to end; says why. `failed`: not because somebody asked."""

    def __init__(self, reason: str, *, failed: bool = False) -> None:
        super().__init__(reason)
        self.failed = failed


class Command(BaseCommand):
    """Run web, worker and beat, with our own Postgres and Valkey where no URL names others."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options; each has an environment variable."""
        env = os.environ
        parser.add_argument(
            "--bind",
            default=env.get("BIND"),
            help=f"HOST:PORT or PORT (BIND); {DEFAULT_BIND}, or the next free",
        )
        parser.add_argument(
            "--workers", type=int, default=int(env.get("WEB_WORKERS", "2")), help="WEB_WORKERS"
        )
        parser.add_argument(
            "--jobs", type=int, default=int(env.get("JOBS", "2")), help="parallel jobs (JOBS)"
        )

    def handle(self, **options: Any) -> None:
        """Start, watch, stop."""
        began = time.monotonic()
        self.stopping = False
        self.servers: list[embedded.Server] = []
        self.children: list[Child] = []
        self.engine_starts: list[float] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        lock = _take_state_folder(settings.STATE_DIR)
        failed = False
        try:
            bind = _free_address(options["bind"])
            os.environ.setdefault("BASE_URL", f"http://{_visible(bind)}")
            say("up", "starting the database and the cache")
            self._start_engines()
            say("up", f"engines ready after {time.monotonic() - began:.1f} s")
            with _told("the tables are made or brought up to date", began):
                call_command("migrate", interactive=False, verbosity=0)
            connections.close_all()
            say("up", f"database ready after {time.monotonic() - began:.1f} s")
            self._load_demo()
            self._start_children(bind, options["workers"], options["jobs"])
            _wait_until_open(bind, self.children[0])
            self._greet(bind, time.monotonic() - began)
            self._watch()
        except Stop as stop:
            failed = stop.failed
            say("up", f"stopping: {stop}")
        except embedded.EngineFailed as error:
            raise CommandError(str(error)) from error
        finally:
            self._stop_everything()
            lock.close()
        if failed:
            raise CommandError("ended because a process could not stay up; see its lines above")

    def _on_signal(self, number: int, _frame: object) -> None:
        if not self.stopping:
            self.stopping = True
            raise Stop(signal.Signals(number).name)

    def _start_engines(self) -> None:
        self.servers = embedded.engines(
            settings.STATE_DIR, postgres=settings.EMBEDDED_POSTGRES, valkey=settings.EMBEDDED_VALKEY
        )
        for server in self.servers:
            server.start()
            if isinstance(server, embedded.Postgres):
                server.create(settings.DATABASES["default"]["NAME"])
            if server.home != settings.STATE_DIR:
                say(
                    "up",
                    f"{server.name} keeps its data in {server.home}: it cannot reach the state folder",
                )

    def _load_demo(self) -> None:
        """On first start; `load_demo` writes the marker when done, so a load broken off is repeated."""
        if not settings.DEMO or demo_marker().exists() or "load_demo" not in get_commands():
            return
        began = time.monotonic()
        say(
            "up",
            "loading the demo company: a year of business, about a minute on a quiet machine and longer on a"
            " busy one. This first time only; later starts take seconds",
        )
        child = Child("demo", ["django", "load_demo"])
        child.environment = {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
        self.children = [child]
        child.start()
        told = began
        while child.ended is None:
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                say("up", f"still loading the demo company, {told - began:.0f} s so far")
            time.sleep(0.1)
        if child.ended:
            raise Stop(f"loading the demo company failed (exit {child.ended})", failed=True)
        say("up", f"demo company loaded in {time.monotonic() - began:.0f} s")

    def _start_children(self, bind: str, workers: int, jobs: int) -> None:
        self.children = [
            Child("web", processes.web(bind, workers)),
            Child("worker", processes.worker(jobs), on_orphaned=signal.SIGKILL),
            Child("beat", processes.beat(), grace=10),
        ]
        for child in self.children:
            child.start()

    def _greet(self, bind: str, seconds: float) -> None:
        say("up", f"ready after {seconds:.1f} s")
        for login in demo_logins():
            say("up", f"demo login: {login['email']}  {login['password']}  ({login.get('role', '')})")
        say("up", f"open http://{_visible(bind)}/ (stop with Ctrl-C)")

    def _watch(self) -> NoReturn:
        """Until told to stop: bring back what ended by itself, give up on what cannot stay up."""
        while True:
            for server in self.servers:
                if server.ended:
                    self._bring_back(server)
            for child in self.children:
                if (status := child.ended) is not None:
                    if child.starts_within(RESTART_WINDOW) >= RESTARTS:
                        raise Stop(f"{child.name} ended {RESTARTS} times in a minute", failed=True)
                    say("up", f"{child.name} ended with {status}; starting it again")
                    child.stop()
                    child.start()
            time.sleep(0.2)

    def _bring_back(self, server: embedded.Server) -> None:
        lately = [at for at in self.engine_starts if at > time.monotonic() - RESTART_WINDOW]
        if len(lately) >= RESTARTS:
            raise Stop(f"{server.name} ended {RESTARTS} times in a minute", failed=True)
        self.engine_starts = [*lately, time.monotonic()]
        say("up", f"{server.name} ended by itself; starting it again on the same data")
        server.start()
        say("up", f"{server.name} is back")

    def _stop_everything(self) -> None:
        self.stopping = True
        began = time.monotonic()
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()
        for server in reversed(self.servers):
            server.stop()
        say("up", f"stopped in {time.monotonic() - began:.1f} s")


def demo_marker() -> Path:
    """Where `load_demo` notes that it has finished: JSON with `logins`, each email, password, role."""
    return Path(settings.STATE_DIR) / "demo.json"


def demo_logins() -> list[dict[str, str]]:
    """The demo's people, for the one who started it; nothing outside the demo."""
    if not settings.DEMO:
        return []
    with suppress(FileNotFoundError, ValueError):
        found: list[dict[str, str]] = json.loads(demo_marker().read_text())["logins"]
        return found
    return []


@contextmanager
def _told(what: str, began: float) -> Iterator[None]:
    """Say that a silent step goes on, at once and every few seconds, so that nobody takes it for stuck."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(PROGRESS_SECONDS):
            say("up", f"{what}, {time.monotonic() - began:.0f} s so far")

    say("up", what)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _take_state_folder(state: Path) -> IO[str]:
    """Hold the state folder; two supervisors on one database would fight over its engines."""
    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        pid = lock.read().strip()
        lock.close()
        raise CommandError(
            f"{state} is in use by process {pid}. Stop that one, or give this one its own: --state-dir DIR"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _free_address(asked: str | None) -> str:
    """The address asked for, or the first free one from the default on. Refuses one that is taken."""
    host, _, port = (asked or DEFAULT_BIND).rpartition(":")
    host = host or "127.0.0.1"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError(f"--bind {asked}: expected HOST:PORT, for example {DEFAULT_BIND}")
    for candidate in range(int(port), int(port) + (1 if asked else PORTS_TRIED)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((host.strip("[]"), candidate))
                return f"{host}:{candidate}"
    raise CommandError(f"{host}:{port} is taken. Choose another: --bind HOST:PORT")


def _visible(bind: str) -> str:
    return bind.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")  # noqa: S104 (compared, not bound)


def _wait_until_open(bind: str, web: Child) -> None:
    host, _, port = _visible(bind).rpartition(":")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and web.ended is None:
        with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=1):
            return
        time.sleep(0.05)
    raise Stop("the web server did not open its port", failed=True)
