"""A byte-by-byte relay in pure Python that loses an answer on purpose."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

_READ = 65536


class Relay:
    """Passes connections on to `connect()` until `loses(sent, answer)` says that this answer gets lost.

    `sent` and `answer` are the bytes that went each way since the client last spoke. Then both sides are cut:
    the server has done its work, and the client will never hear of it. `cuts` counts how often.
    """

    def __init__(
        self,
        listener: socket.socket,
        connect: Callable[[], socket.socket],
        loses: Callable[[bytes, bytes], bool],
    ) -> None:
        self.listener, self.connect, self.loses = listener, connect, loses
        self.cuts = 0
        self.armed = 0
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []

    def arm(self, times: int = 1) -> None:
        """Lose the next so many answers that `loses` names."""
        self.armed = times

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = self.connect()
                self._open += [client, server]
                turn = _Turn()
                for source, target, asks in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._pump, args=(source, target, turn, asks), daemon=True
                    ).start()

    def _pump(self, source: socket.socket, target: socket.socket, turn: "_Turn", asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_READ):
                turn.said(data, asks=asks)
                if not asks and self._lost(turn):
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _lost(self, turn: "_Turn") -> bool:
        with self._lock:
            if self.armed and self.loses(bytes(turn.sent), bytes(turn.answer)):
                self.armed -= 1
                self.cuts += 1
                return True
        return False

    def __enter__(self) -> Self:
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self.listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class _Turn:
    """What was asked and answered since the client last began to speak."""

    def __init__(self) -> None:
        self.sent, self.answer = bytearray(), bytearray()

    def said(self, data: bytes, *, asks: bool) -> None:
        if asks and self.answer:
            self.sent.clear()
            self.answer.clear()
        (self.sent if asks else self.answer).extend(data)


def tcp() -> socket.socket:
    """A listener on a free port of the loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def unix(path: str) -> socket.socket:
    """A listener on a socket file."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    return listener
