"""Chromium for tests: how it is started, how a page is opened, what it may not say."""

import os
import shutil
from typing import Any

from django.conf import settings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-default-browser-check",
]
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# What a browser says of a page that is refused on purpose (a test looks at the page itself).
_EXPECTED = ("status of 4",)


def chromium() -> str:
    """The browser's path; without one the test fails and says what to run, it is never skipped."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "The browser tests need Chromium: run them by ./dev test, or name one in CHROMIUM."
    return found


class Pages:
    """Pages of one test, each in a context of its own: no cookie is shared."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address = browser, address
        self.complaints: list[str] = []
        self._contexts: list[Any] = []

    def open(
        self,
        path: str = "/",
        *,
        user: Any = None,
        theme: str = "light",
        width: int = 1280,
        scripts: bool = True,
    ) -> Any:
        """A page at the path, signed in as the user if one is given; `scripts=False`: without JavaScript."""
        context = self.browser.new_context(
            base_url=self.address,
            color_scheme=theme,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        if user is not None:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": self.address}]
            )
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.goto(path)
        return page

    def _listen(self, message: Any) -> None:
        if message.type == "error" and not any(text in message.text for text in _EXPECTED):
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")

    def close(self) -> None:
        """End all contexts."""
        for context in self._contexts:
            context.close()


def session_of(user: Any) -> str:
    """The session key of a fresh sign-in."""
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)
