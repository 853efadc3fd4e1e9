"""Real processes for tests: the application's own, and a mail server."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller

from billing_ops import embedded, processes


def environment(**values: str) -> dict[str, str]:
    """The environment of a process of its own: without what only the test process may do."""
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return kept | values


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web_argv(port: int, workers: int) -> list[str]:
    """gunicorn as `./dev run` starts it."""
    return [sys.executable, "-m", *processes.web(f"127.0.0.1:{port}", workers)]


def worker_argv(concurrency: int) -> list[str]:
    """A celery worker as `./dev run` starts it, under a name of its own."""
    return [sys.executable, "-m", *processes.worker(concurrency), f"--hostname=test-{free_port()}@%h"]


class Process:
    """A child in its own process group that ends with the test run."""

    def __init__(
        self, argv: list[str], changes: dict[str, str], *, ready: str = "", timeout: float = 180
    ) -> None:
        """Start it, its environment changed by `changes`, and wait until its output matches `ready`."""
        handle, path = tempfile.mkstemp(prefix="process-", suffix=".log", dir=os.environ["TEST_FOLDER"])
        self.log = Path(path)
        self.url = ""
        self.argv = argv
        values = {"DJANGO_SETTINGS_MODULE": "tests.settings", "LOG_LEVEL": "INFO"} | changes
        self.popen = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=embedded.die_with_parent(signal.SIGKILL),
            env=environment(**values),
        )
        os.close(handle)
        if ready:
            self.wait_for(ready, timeout)

    @property
    def pid(self) -> int:
        """The process id of the group's leader."""
        return self.popen.pid

    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern: str, timeout: float = 180) -> None:
        """Until its output matches; an error with the output when it ends or takes too long."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if re.search(pattern, self.output()):
                return
            if self.popen.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} from {self.argv}:\n{self.output()[-4000:]}")

    def kill(self) -> None:
        """kill -9 it and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self, timeout: float = 90) -> int:
        """Ask it to end; its exit status."""
        self.popen.terminate()
        return self.popen.wait(timeout)


class MailSink:
    """An SMTP server on the loopback that keeps what it gets.

    `answers`: SMTP answers to give instead of "250 OK" to the next messages, one each; None takes it.
    `before_answer`: called with the message after it was received and before it is acknowledged.
    """

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str | None] = []
        self.before_answer: Any = None
        self._controller = Controller(self, hostname=self.host, port=self.port)

    @property
    def url(self) -> str:
        """Its EMAIL_URL."""
        return f"smtp://{self.host}:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """One message."""
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            return answer
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.raw.append(envelope.content)
        self.recipients.append(list(envelope.rcpt_tos))
        self.messages.append(message)
        if self.before_answer:
            self.before_answer(message)
        return "250 OK"

    def wait_for(self, count: int, timeout: float = 90) -> list[EmailMessage]:
        """Until that many messages came."""
        deadline = time.monotonic() + timeout
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.messages) >= count, f"{len(self.messages)} of {count} messages in {timeout} s"
        return self.messages

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
