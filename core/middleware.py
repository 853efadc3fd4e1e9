"""Edges shared by all pages: the reader's language and time zone, refusals as pages, correct caching."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from core.cautions import listening
from core.errors import DomainError, Invalid
from core.rest.problems import refused

GetResponse = Callable[[HttpRequest], HttpResponse]


class Reader:
    """Speak the signed-in reader's language and clock; strangers keep what the browser asked for.

    Stands after AuthenticationMiddleware (and after LocaleMiddleware, where that is used).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return self.get_response(request)
        language = getattr(user, "language", "") or translation.get_language() or "en"
        with translation.override(language), timezone.override(_zone(getattr(user, "time_zone", ""))):
            return self.get_response(request)


class Pages:
    """Turn refusals into pages (or fragments for htmx) and tell caches that both exist.

    What carries a zero byte is refused at once: no text of ours has one, and the database takes none. The
    answer names the field; a script puts it above the form, where everything typed still stands.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if names := _zero_byte_fields(request):
            if request.path.startswith("/api/"):
                return refused(422, "A zero byte is no text.", "text_has_no_zero_byte", request)
            return refusal(request, _zero_byte(names))
        with listening() as heard:
            response = self.get_response(request)
        # The API says it in its answer; as a message it would wait for a page of somebody else's making.
        for text in () if request.path.startswith("/api/") else heard:
            messages.warning(request, text)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """409 or 422 with the reason in words. Anything but a DomainError goes on."""
        if not isinstance(exception, DomainError):
            return None
        return refusal(request, exception)


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer for a refused act: a page, or for htmx a message put at the top of the page."""
    if request.headers.get("HX-Request") == "true":
        response = render(request, "components/_refusal.html", {"error": error}, status=error.status)
        response["HX-Retarget"] = "#notice"
        response["HX-Reswap"] = "innerHTML show:window:top"
        response["HX-Push-Url"] = "false"
        return response
    return render(request, f"{error.status}.html", {"error": error}, status=error.status)


def _zero_byte_fields(request: HttpRequest) -> list[str]:
    sent = (request.GET, request.POST)
    return [name for data in sent for name, values in data.lists() if any("\0" in one for one in values)]


def _zero_byte(names: list[str]) -> Invalid:
    words = [name.rpartition("-")[2].replace("_", " ").replace("\0", "").strip() for name in names]
    return Invalid(
        f"The text in “{', '.join(words)}” holds a sign that is no text (a zero byte). Nothing was changed.",
        field=names[0],
        rule="text_has_no_zero_byte",
        mend="Go back: what you typed is still there. Type this text by hand instead of pasting it.",
    )


def _zone(name: str) -> ZoneInfo | None:
    """The named zone; None (the server's zone) when the user has none or an unknown one."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
