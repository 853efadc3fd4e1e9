"""Chromium for tests: how it is started, how a page is opened, what it may not say."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
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
# How long a page may take on a machine that has other work.
PATIENCE = 60_000
WIDE, PHONE, NARROW = 1440, 390, 320
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = Axe().axe_script
_COLOURS = ["color-contrast", "link-in-text-block"]
# Notes which elements have asked for their part of the page, and whether all have.
_WATCH = """window.askedFor = new WeakSet();
document.addEventListener('htmx:afterRequest',
  (event) => window.askedFor.add(event.detail.requestConfig.elt));"""
LOADED = """() => document.readyState === 'complete'
  && !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')
  && [...document.querySelectorAll("[hx-trigger~='load']")].every((one) => window.askedFor.has(one))"""
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
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_WATCH)
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


def unreadable(page: Any, *, tags: list[str] | None = None, every_text: bool = True) -> Iterator[str]:
    """What keeps somebody from reading the page that is open, looked at three times without loading it again.

    Light and wide by every rule (of these tags, if some are given); dark by the rules of colours, for
    nothing else can differ; as wide as a phone by every other rule, and by those of colours what only a phone
    shows. On a phone, and at 320 px, nothing may be scrolled in two directions. The rules of colours are the
    slow ones: without `every_text` they look at the first text of each colour, ground and size.
    """
    every: dict[str, Any] = {"runOnly": tags} if tags else {}
    colours = {"runOnly": _COLOURS}
    without_colours = {"rules": {name: {"enabled": False} for name in _COLOURS}}
    wide = list(_too_wide(page, WIDE))
    page.evaluate(_REMEMBER)
    texts = "[document]" if every_text else _TEXTS
    found = [*wide, *violations(page, every | without_colours), *violations(page, colours, only=texts)]
    yield from (f"light: {one}" for one in found)
    page.emulate_media(color_scheme="dark")
    yield from (f"dark: {one}" for one in violations(page, colours, only=texts))
    page.emulate_media(color_scheme="light")
    yield from (f"on a phone: {one}" for size in (NARROW, PHONE) for one in _too_wide(page, size))
    yield from (f"on a phone: {one}" for one in violations(page, every | without_colours))
    yield from (f"on a phone: {one}" for one in violations(page, colours, only=_NEW))
    page.set_viewport_size({"width": WIDE, "height": 900})


def violations(page: Any, options: dict[str, Any], *, only: str = "[document]") -> Iterator[str]:
    """What axe finds under its options in these elements, with the first places."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    found = page.evaluate(
        f"""options => {{
            const include = {only};
            return include.length ? axe.run({{ include }}, options).then((found) => found.violations) : [];
        }}""",
        options | {"resultTypes": ["violations"]},
    )
    for fault in found:
        places = "; ".join(f"{one['html'][:160]} {one['failureSummary']}" for one in fault["nodes"][:3])
        yield f"{fault['id']} ({len(fault['nodes'])}x) {places}"


def _too_wide(page: Any, width: int) -> Iterator[str]:
    """Where the page is wider than a window of that width, and what is."""
    page.set_viewport_size({"width": width, "height": 900})
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        yield f"{wide} px wide in {width} px: {page.evaluate(_CULPRITS)}"


_SHOWN = "[...document.querySelectorAll('body *')].filter((one) => one.checkVisibility())"
_REMEMBER = f"window.shownWide = new Set({_SHOWN}); 0"
_NEW = (
    f"{_SHOWN}.filter((one) => !window.shownWide.has(one)"
    " && (one.parentElement === document.body || window.shownWide.has(one.parentElement)))"
)
# Of the texts that are shown in the same colour, on the same grounds and in the same size, the first one.
_TEXTS = """(() => {
  const seen = new Set();
  const isNew = (one) => {
    const style = getComputedStyle(one);
    const key = [style.color, style.fontSize, style.fontWeight, style.textDecorationLine];
    for (let at = one; at; at = at.parentElement) {
      const under = getComputedStyle(at);
      key.push(under.backgroundColor, under.backgroundImage, under.opacity, under.boxShadow);
    }
    const said = key.join();
    return !seen.has(said) && seen.add(said);
  };
  return [...document.querySelectorAll('body *')].filter((one) =>
    (one.matches('input, select, textarea') ||
      [...one.childNodes].some((part) => part.nodeType === 3 && part.data.trim())) &&
    one.checkVisibility() && isNew(one));
})()"""
_CULPRITS = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .filter(one => !one.closest('.tbl-wrap, dialog:not([open])'))
  .slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""
