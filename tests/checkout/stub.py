"""A gateway on this machine that speaks Stripe's HTTP, with faults on demand.

Its shapes are after the public API reference. It keeps Idempotency-Keys as the real one does: the same key
is the same answer, another body under it is a 400.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from checkout.rules import signature

KEY = "sk_test_stub_only_0123456789"
SECRETS = ("whsec_old_0123456789", "whsec_new_0123456789")
MADE = 1_763_283_600  # 2025-11-16; only ever shown back


@dataclass
class Gateway:
    """What it knows and did. `faults` are used up one by one by calls that act; "" is none.

    "down": cut before acting. "cut": acts, then cuts. "slow": acts, then answers too late. "500": acts, then
    says that something broke. "busy": 409, another call under this key is at work.
    """

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    asked_faults: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    slow: float = 1.2
    page_host: str = ""
    redirect_to: str = ""
    address: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def pay(self, session_id: str, *, fee: int | None = None, amount: int | None = None, **more: Any) -> str:
        """The customer pays on the page; returns the payment's id."""
        with self.lock:
            session = self.sessions[session_id]
            intent = f"pi_{session_id[3:]}"
            total = session["amount_total"] = amount if amount is not None else session["amount_total"]
            moved = None
            if fee is not None:
                moved = {
                    "id": f"txn_{session_id}", "object": "balance_transaction", "amount": total, "fee": fee,
                    "net": total - fee, "currency": session["currency"],
                }  # fmt: skip
            charge = {
                "id": f"ch_{session_id[3:]}", "object": "charge", "created": MADE, "amount": total,
                "balance_transaction": moved, "currency": session["currency"], "paid": True,
            }  # fmt: skip
            session |= {
                "status": "complete",
                "payment_status": "paid",
                "payment_intent": {
                    "id": intent, "object": "payment_intent", "status": "succeeded", "amount": total,
                    "currency": session["currency"], "latest_charge": charge,
                },
            } | more  # fmt: skip
            return intent

    def take_back(
        self, intent: str, amount: int, *, moves: tuple[int, ...], status: str = "needs_response"
    ) -> str:
        """A cardholder's bank disputes a payment."""
        name = f"dp_{intent[3:]}"
        self.disputes[name] = {
            "id": name, "object": "dispute", "amount": amount, "currency": "eur", "payment_intent": intent,
            "charge": f"ch_{intent[3:]}", "reason": "fraudulent", "status": status, "created": MADE,
            "balance_transactions": [{"object": "balance_transaction", "amount": one} for one in moves],
        }  # fmt: skip
        return name


def event(kind: str, about: str, *, name: str = "", at: float, secret: str = SECRETS[1]) -> tuple[bytes, str]:
    """The bytes of an event and its signature."""
    told = {
        "id": name or f"evt_{kind.replace('.', '_')}_{about}",
        "object": "event",
        "api_version": "2025-10-29.clover",
        "created": int(at),
        "type": kind,
        "data": {"object": {"id": about, "object": kind.rpartition(".")[0]}},
        "livemode": False,
    }
    body = json.dumps(told, indent=2).encode()
    return body, f"t={int(at)},v1={signature(body, secret, int(at))},v0=ignored"


class _Handler(BaseHTTPRequestHandler):
    gateway: Gateway
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        gateway = self.gateway
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = urlsplit(self.path).path
        key = self.headers.get("Idempotency-Key", "")
        with gateway.lock:
            gateway.calls.append((method, path, key))
            faults = gateway.faults if method == "POST" else gateway.asked_faults
            fault = faults.pop(0) if faults else ""
            if gateway.redirect_to:
                self.send_response(302)
                self.send_header("Location", gateway.redirect_to)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            if fault == "down":
                return self._cut()
            if fault == "busy":
                return self._answer(409, _error("idempotency_error", "idempotency_key_in_use"))
            status, answer = self._act(method, path, dict(parse_qsl(body)), key, body)
            answer = json.loads(json.dumps(answer))
        if fault == "cut":
            return self._cut()
        if fault == "slow":
            time.sleep(gateway.slow)
        if fault == "500":
            status, answer = 500, _error("api_error", "")
        self._answer(status, answer)
        return None

    def _act(
        self, method: str, path: str, given: dict[str, str], key: str, body: str
    ) -> tuple[int, dict[str, Any]]:
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, _error("invalid_request_error", "")
        if method == "POST" and key in self.gateway.answers:
            before, status, answer = self.gateway.answers[key]
            return (status, answer) if before == body else (400, _error("idempotency_error", "other_body"))
        status, answer = self._fresh(method, path.split("/")[2:], given)
        if method == "POST" and key:
            self.gateway.answers[key] = (body, status, json.loads(json.dumps(answer)))
        return status, answer

    def _fresh(self, method: str, path: list[str], given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        gateway = self.gateway
        match [method, *path]:
            case ["POST", "checkout", "sessions"]:
                name = f"cs_test_{len(gateway.sessions) + 1:05d}"
                host = gateway.page_host or gateway.address
                gateway.sessions[name] = {
                    "id": name, "object": "checkout.session", "mode": "payment", "status": "open",
                    "payment_status": "unpaid", "payment_intent": None, "url": f"{host}/c/pay/{name}",
                    "amount_total": int(given["line_items[0][price_data][unit_amount]"]),
                    "currency": given["line_items[0][price_data][currency]"],
                    "client_reference_id": given["client_reference_id"], "success_url": given["success_url"],
                    "expires_at": int(given["expires_at"]), "created": MADE, "livemode": False,
                }  # fmt: skip
                return 200, gateway.sessions[name]
            case ["GET", "checkout", "sessions", name] if name in gateway.sessions:
                return 200, gateway.sessions[name]
            case ["POST", "checkout", "sessions", name, "expire"] if name in gateway.sessions:
                if gateway.sessions[name]["status"] != "open":
                    return 400, _error("invalid_request_error", "")
                gateway.sessions[name]["status"] = "expired"
                return 200, gateway.sessions[name]
            case ["POST", "refunds"]:
                name = f"re_{len(gateway.refunds) + 1:05d}"
                gateway.refunds[name] = {
                    "id": name, "object": "refund", "amount": int(given["amount"]), "status": "succeeded",
                    "payment_intent": given["payment_intent"], "created": MADE,
                }  # fmt: skip
                return 200, gateway.refunds[name]
            case ["GET", "refunds", name] if name in gateway.refunds:
                return 200, gateway.refunds[name]
            case ["GET", "disputes", name] if name in gateway.disputes:
                return 200, gateway.disputes[name]
        return 404, _error("invalid_request_error", "resource_missing")

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Request-Id", "req_stub")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            pass  # The caller gave up waiting.

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _error(kind: str, code: str) -> dict[str, Any]:
    return {"error": {"type": kind, "code": code or None, "message": f"Stub: {kind}", "param": None}}


class Stub:
    """The gateway and its server; `with Stub() as gateway`."""

    def __enter__(self) -> Gateway:
        self.gateway = Gateway()
        handler = type("Handler", (_Handler,), {"gateway": self.gateway})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.gateway.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self.gateway

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def configured(gateway: Gateway, timeout: float = 0.6) -> dict[str, Any]:
    """What CHECKOUT says of a company that uses it."""
    return {
        "gateway": "stripe",
        "key": KEY,
        "webhook_secrets": list(SECRETS),
        "api": gateway.address,
        "pages": gateway.address,
        "timeout": timeout,
    }
