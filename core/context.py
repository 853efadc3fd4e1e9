"""What every page needs around its content: sidebar, theme, name of the system, demo flag."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from core import navigation

THEME_COOKIE = "theme"
KEYS_COOKIE = "keys"
THEMES = {"light": "not all", "dark": "all", "auto": "(prefers-color-scheme: dark)"}
"""Theme -> media of dark.css: never, always, or as the reader's system says."""


def theme_of(request: HttpRequest) -> str:
    """The reader's theme; what a cookie says beyond our three names counts as auto."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return theme if theme in THEMES else "auto"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. The sidebar is built only when a template asks for it (fragments do not)."""
    theme = theme_of(request)
    return {
        "nav": SimpleLazyObject(lambda: _nav(request)),
        "theme": theme,
        "dark_media": THEMES[theme],
        "keys_on": _keys_on(request),
        "demo": bool(getattr(settings, "DEMO", False)),
        "demo_logins": SimpleLazyObject(_demo_logins),
        "brand": getattr(settings, "BRAND", "Billing Ops"),
        "lang": translation.get_language() or "en",
    }


def _keys_on(request: HttpRequest) -> bool:
    """Single-key shortcuts: off for this browser by a cookie, or for the person by their profile."""
    user = getattr(request, "user", None)
    return request.COOKIES.get(KEYS_COOKIE) != "off" and bool(getattr(user, "keyboard_shortcuts", True))


def _demo_logins() -> list[dict[str, str]]:
    """Email, password and role of the demo's people; nothing outside the demo."""
    source = getattr(settings, "DEMO_LOGINS", "")
    logins: list[dict[str, str]] = import_string(source)() if settings.DEMO and source else []
    return logins


def _nav(request: HttpRequest) -> list[navigation.Block]:
    user = getattr(request, "user", None)
    return navigation.for_reader(request) if user is not None and user.is_authenticated else []
