"""The three processes of the application: how each is started, and a child that is watched.

`./dev run`, docker-compose.yml and the tests start them by the same words.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from billing_ops import embedded

APP = "billing_ops.celery:app"
ROOT = Path(__file__).resolve().parent.parent


def web(bind: str = "0.0.0.0:8000", workers: int = 2) -> list[str]:
    """gunicorn; the application writes the access lines itself, without link tokens."""
    return [
        "gunicorn",
        "billing_ops.wsgi",
        f"--bind={bind}",
        f"--workers={workers}",
        "--threads=4",
        "--preload",
        "--timeout=60",
        "--graceful-timeout=20",
        "--max-requests=20000",
        "--max-requests-jitter=2000",
        "--no-control-socket",
    ]


def worker(concurrency: int = 2) -> list[str]:
    """Runs jobs."""
    return [
        "celery",
        f"--app={APP}",
        "--quiet",
        "worker",
        "--loglevel=INFO",
        f"--concurrency={concurrency}",
        "--without-gossip",
        "--without-mingle",
    ]


def beat() -> list[str]:
    """The clock: asks every few seconds what is due."""
    return ["celery", f"--app={APP}", "--quiet", "beat", "--loglevel=WARNING", "--pidfile="]


@dataclass
class Child:
    """A process whose lines are printed with its name, restarted when it ends by itself."""

    name: str
    argv: list[str]
    # What the kernel sends it when we are killed. The worker is killed too: its jobs are given again, and
    # a shutdown in order would wait for children that are still starting.
    on_orphaned: signal.Signals = signal.SIGTERM
    grace: float = 25.0
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    starts: list[float] = field(default_factory=list)
    _reader: threading.Thread | None = None

    def start(self) -> None:
        """Start it. In the main thread: it ends with the thread that forked it."""
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,  # Ctrl-C reaches only us; we end the children in order
            preexec_fn=embedded.die_with_parent(self.on_orphaned),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
        )
        self._reader = threading.Thread(target=self._print_lines, args=(self.process,), daemon=True)
        self._reader.start()

    def _print_lines(self, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            say(self.name, line.rstrip("\n"))

    @property
    def ended(self) -> int | None:
        """Its exit status, None while it runs."""
        return self.process.poll() if self.process else None

    def starts_within(self, seconds: float) -> int:
        """How often it was started lately: one that cannot stay up is given up."""
        return sum(1 for at in self.starts if at > time.monotonic() - seconds)

    def ask_to_stop(self) -> None:
        """Let it finish what it does."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Wait for its end within its grace; then end whatever is left of its group."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(self.grace)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._reader:
            self._reader.join(2)


_printing = threading.Lock()


def say(name: str, text: str) -> None:
    """Print one line under a name; lines of several children never mix."""
    with _printing, suppress(BrokenPipeError):
        sys.stdout.write(f"{name:<8} | {text}\n")
        sys.stdout.flush()
