"""Snapshot to PDF, on the house's paper (`core.paper`)."""

from __future__ import annotations

import base64
import binascii
import gc
import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image

from core.errors import Invalid
from core.paper import IMAGE, ROOT, STATIC, fill, print_markup, render_paper

from .sample import SAMPLE
from .view import document_view
from .writer import Snapshot

__all__ = [
    "ROOT",
    "STATIC",
    "DocumentTooLarge",
    "UnusableLogo",
    "check_logo",
    "check_size",
    "identifier_of",
    "logo_uri",
    "render_invoice_html",
    "render_invoice_pdf",
    "render_paper",
    "warm",
]

MOST_LINES = 5_000
MOST_CHARACTERS = 2_000_000
MOST_LOGO_BYTES = 512 * 1024
MOST_LOGO_PIXELS = 2_000


class DocumentTooLarge(Invalid):
    """The document has more lines or text than one file may hold."""


class UnusableLogo(Invalid):
    """The logo is not a PNG or JPEG of a reasonable size."""


def render_invoice_html(
    snapshot: Snapshot, *, watermark: str | None = None, base_url: str = "", logo: bytes = b""
) -> str:
    """The document's markup.

    `base_url` is put before the policy's path when that is a path only; `logo` (PNG or JPEG) is for a
    snapshot that names a stored file instead of carrying the image as a data: address.
    """
    complete = _with_logo(_with_policy_address(snapshot, base_url), logo)
    check_size(complete)
    return fill("invoices/document/invoice.html", document_view(complete, watermark=watermark))


def render_invoice_pdf(
    snapshot: Snapshot, *, watermark: str | None = None, base_url: str = "", logo: bytes = b""
) -> bytes:
    """The PDF of a snapshot: tagged, with title, language and author. The same arguments, the same bytes.

    Arguments as for `render_invoice_html`. Raises DocumentTooLarge or UnusableLogo.
    """
    markup = render_invoice_html(snapshot, watermark=watermark, base_url=base_url, logo=logo)
    return print_markup(markup, identifier=identifier_of(snapshot))


def warm() -> None:
    """Load fonts, styles and the template, and render once; then keep all of it out of garbage collection.

    For worker processes after their fork: the first document costs half a second, every later one a tenth.
    """
    render_invoice_pdf(SAMPLE)
    gc.collect()
    gc.freeze()


def check_logo(data_uri: str) -> None:
    """Refuse a logo no document could print: PNG or JPEG as a data: address, 512 KiB, 2,000 pixels a side."""
    match = IMAGE.fullmatch(data_uri)
    try:
        content = base64.b64decode(match[1], validate=True) if match else b""
        if not content or len(content) > MOST_LOGO_BYTES:
            raise UnusableLogo("A logo is a PNG or JPEG of at most 512 KiB.", field="logo", rule="logo")
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            width, height = image.size
    except (binascii.Error, OSError, ValueError, Image.DecompressionBombError) as broken:
        raise UnusableLogo("The logo is not a readable PNG or JPEG.", field="logo", rule="logo") from broken
    if max(width, height) > MOST_LOGO_PIXELS:
        raise UnusableLogo("A logo has at most 2,000 pixels a side.", field="logo", rule="logo")


def _with_policy_address(snapshot: Snapshot, base_url: str) -> Snapshot:
    policy = snapshot.get("policy") or {}
    path = str(policy.get("path") or "")
    if not base_url or not path.startswith("/"):
        return snapshot
    return {**snapshot, "policy": {**policy, "path": base_url.rstrip("/") + path}}


def logo_uri(logo: bytes) -> str:
    """The picture as a data: address, "" for none."""
    if not logo:
        return ""
    kind = "png" if logo.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(logo).decode()}"


def _with_logo(snapshot: Snapshot, logo: bytes) -> Snapshot:
    if not logo:
        return snapshot
    return {**snapshot, "seller": {**snapshot["seller"], "logo": logo_uri(logo)}}


def check_size(snapshot: Snapshot) -> None:
    """Refuse what no document can hold: too many lines, too much text, an unusable logo."""
    lines = len(snapshot["lines"])
    if lines > MOST_LINES:
        raise DocumentTooLarge(
            f"A document has at most {MOST_LINES:,} lines; this one has {lines:,}.",
            field="lines",
            rule="document-size",
            mend="Bill in several invoices, or sum up lines and attach the details as a file.",
        )
    if _characters(snapshot) > MOST_CHARACTERS:
        raise DocumentTooLarge("The document's texts are too long.", field="lines", rule="document-size")
    logo = str(snapshot["seller"].get("logo") or "")
    if logo.startswith("data:"):
        check_logo(logo)


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_characters(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return sum(_characters(item) for item in value)
    return 0


def identifier_of(snapshot: Snapshot) -> bytes:
    """The file's id, from its content; without one WeasyPrint draws it at random."""
    frozen = json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(frozen.encode("utf-8", "replace")).hexdigest()[:32].encode()
