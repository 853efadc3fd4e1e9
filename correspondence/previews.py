"""Showing a message to staff: the very bytes, in a frame that can do nothing."""

import re
from functools import cache

from csp.constants import NONE, SELF
from django.http import HttpResponse

from core.paper import STATIC
from correspondence.mail import HIDDEN_LINK, LINK_MARK

# A mail carries its styles in attributes and its pictures in itself. Scripts, forms, links that
# navigate and anything loaded from outside do not work in here.
_FRAME_ONLY = {
    "default-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": [True],
}


def message_frame(html: str) -> HttpResponse:
    """A message as a document for a sandboxed frame of ours, without the customer's own link."""
    response = HttpResponse(without_link(html))
    response._csp_config = _FRAME_ONLY  # type: ignore[attr-defined]  # noqa: SLF001 (what csp's decorator sets)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def letter_on_screen(markup: str) -> str:
    """A letter's markup with the style it is printed in, complete in itself."""
    return markup.replace("</head>", f'<meta charset="utf-8"/><style>{_paper_style()}</style></head>', 1)


@cache
def _paper_style() -> str:
    sheets = "".join(
        (STATIC / "css" / name).read_text("utf-8") for name in ("document.css", "paper-screen.css")
    )
    # The frame loads nothing, so it has no fonts of ours.
    return re.sub(r"@font-face\s*\{[^}]*\}", "", sheets)


def without_link(text: str) -> str:
    """A frozen message as staff may see it."""
    return text.replace(LINK_MARK, HIDDEN_LINK)
