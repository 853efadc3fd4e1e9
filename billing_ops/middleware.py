"""What every request and answer passes: the caller's address, headers, the age of a session."""

from collections.abc import Awaitable, Callable

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_structlog.middlewares import RequestMiddleware

Handler = Callable[[HttpRequest], HttpResponse]
# A session's last use is written at most this often, not at every click.
_SEEN_EVERY_SECONDS = 60


class TrustedProxies:
    """Settle the caller's address once, as REMOTE_ADDR, and drop the header anybody can write.

    Each trusted proxy appends the address it saw; ours is the one the outermost trusted proxy wrote.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on with its true address."""
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        hops = [part.strip() for part in forwarded.split(",") if part.strip()]
        count = settings.TRUSTED_PROXY_COUNT
        if count and len(hops) >= count:
            request.META["REMOTE_ADDR"] = hops[-count]
        return self.get_response(request)


UNNAMED = "/feedback/box/new/"
"""Where colleagues put something into the box, perhaps without their name: see docs/adr/0013."""


class Requests(RequestMiddleware):
    """Each request in the log with its id and who asked. Of one that may be anonymous no line is written: its
    time beside the lines of the same minute would name the person. A crash is told, without who asked."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Tell of the request, save where nobody is to be found."""
        if not request.path.startswith(UNNAMED):
            return super().__call__(request)
        structlog.contextvars.clear_contextvars()
        return self.get_response(request)

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Name the person in every line of the request."""
        if not request.path.startswith(UNNAMED):
            RequestMiddleware.bind_user_id(request)


class ResponseHeaders:
    """Answers of the application are private to the reader and name the request they answer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers a view has not set itself."""
        response = self.get_response(request)
        if request_id := getattr(request, "correlation_id", None):
            response.headers["X-Request-ID"] = request_id
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class SessionLimits:
    """A session ends when unused for SESSION_IDLE, and in any case after SESSION_ABSOLUTE."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign the person out where the session is too old; note its use otherwise."""
        request.correlation_id = structlog.contextvars.get_contextvars().get("request_id")  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            self._check(request)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        now = timezone.now().timestamp()
        began = request.session.setdefault("began", now)
        seen = request.session.get("seen", now)
        idle, absolute = settings.SESSION_IDLE.total_seconds(), settings.SESSION_ABSOLUTE.total_seconds()
        if now - seen > idle or now - began > absolute:
            logout(request)
        elif "seen" not in request.session or now - seen >= _SEEN_EVERY_SECONDS:
            request.session["seen"] = now
