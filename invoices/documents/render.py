"""Snapshot to PDF with WeasyPrint, kept warm in each process.

What makes a page cheap: fonts and style sheet are read once, the markup is read as XML in C, layout uses
blocks, floats and fixed tables only, and the code is a small PNG. What makes it safe: the only addresses a
document may load are `data:` images, and the style sheet's own fonts under the static folder.
"""

from __future__ import annotations

import base64
import binascii
import gc
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import cssselect2  # type: ignore[import-untyped]
from django.template import Context, Engine
from PIL import Image
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from core.errors import Invalid

from .sample import SAMPLE
from .view import DocumentView, document_view
from .writer import Snapshot

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
MOST_LINES = 5_000
MOST_CHARACTERS = 2_000_000
MOST_LOGO_BYTES = 512 * 1024
MOST_LOGO_PIXELS = 2_000

_IMAGE = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")


class DocumentTooLarge(Invalid):
    """The document has more lines or text than one file may hold."""


class UnusableLogo(Invalid):
    """The logo is not a PNG or JPEG of a reasonable size."""


class AddressRefused(ValueError):
    """A document asked for something that is neither a data: image nor our own font."""


class _OwnFilesOnly(URLFetcher):
    """Answers data: images, and files below `folder` when one is given. Opens no connection, ever."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(allowed_protocols=("data", "file") if folder else ("data",), allow_redirects=False)
        self._folder = folder

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002
        if url.startswith("data:"):
            match = _IMAGE.fullmatch(url)
            if not match:
                raise AddressRefused("Only PNG and JPEG images are allowed in a document.")
            return URLFetcherResponse(url, base64.b64decode(match[1]))
        parts = urlsplit(url)
        path = Path(unquote(parts.path)).resolve()
        if self._folder is None or parts.scheme != "file" or parts.netloc or self._folder not in path.parents:
            raise AddressRefused(f"A document may not load {url!r}.")
        return URLFetcherResponse(url, path.read_bytes())


class _Page(HTML):
    """A document in well-formed XML: read in C instead of by an HTML parser, and bad tags are an error."""

    def __init__(self, markup: str, fetcher: URLFetcher) -> None:
        self.base_url = None
        self.url_fetcher = fetcher
        self.media_type = "print"
        root = ElementTree.fromstring(markup)  # noqa: S314 - our template, every value escaped
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:  # noqa: ARG002
        """None: document.css has the few rules of the built-in sheet that a document needs."""
        return []


@dataclass(frozen=True)
class _Kit:
    """What every render in this process shares."""

    fonts: FontConfiguration
    styles: CSS
    engine: Engine
    fetcher: URLFetcher


@lru_cache(maxsize=1)
def _kit() -> _Kit:
    fonts = FontConfiguration()
    own = _OwnFilesOnly(STATIC)
    sheet = STATIC / "css" / "document.css"
    styles = CSS(string=sheet.read_text("utf-8"), base_url=sheet.as_uri(), font_config=fonts, url_fetcher=own)
    engine = Engine(
        loaders=[
            (
                "django.template.loaders.cached.Loader",
                [("django.template.loaders.filesystem.Loader", [str(ROOT / "templates")])],
            )
        ],
        autoescape=True,
        string_if_invalid="",
    )
    return _Kit(fonts, styles, engine, _OwnFilesOnly())


def render_invoice_html(
    snapshot: Snapshot, *, watermark: str | None = None, base_url: str = "", logo: bytes = b""
) -> str:
    """The document's markup.

    `base_url` is put before the policy's path when that is a path only; `logo` (PNG or JPEG) is for a
    snapshot that names a stored file instead of carrying the image as a data: address.
    """
    complete = _with_logo(_with_policy_address(snapshot, base_url), logo)
    check_size(complete)
    return _markup(document_view(complete, watermark=watermark))


def render_invoice_pdf(
    snapshot: Snapshot, *, watermark: str | None = None, base_url: str = "", logo: bytes = b""
) -> bytes:
    """The PDF of a snapshot: tagged, with title, language and author. The same arguments, the same bytes.

    Arguments as for `render_invoice_html`. Raises DocumentTooLarge or UnusableLogo.
    """
    kit = _kit()
    markup = render_invoice_html(snapshot, watermark=watermark, base_url=base_url, logo=logo)
    page = _Page(markup, kit.fetcher)
    document = page.render(font_config=kit.fonts, stylesheets=[kit.styles])
    return bytes(document.write_pdf(pdf_identifier=_identifier(snapshot), pdf_tags=True))


def warm() -> None:
    """Load fonts, styles and the template, and render once; then keep all of it out of garbage collection.

    For worker processes after their fork: the first document costs half a second, every later one a tenth.
    """
    render_invoice_pdf(SAMPLE)
    gc.collect()
    gc.freeze()


def check_logo(data_uri: str) -> None:
    """Refuse a logo no document could print: PNG or JPEG as a data: address, 512 KiB, 2,000 pixels a side."""
    match = _IMAGE.fullmatch(data_uri)
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


def _markup(view: DocumentView) -> str:
    template = _kit().engine.get_template("invoices/document/invoice.html")
    return str(template.render(Context({"d": view}, use_l10n=False, use_tz=False)))


def _with_policy_address(snapshot: Snapshot, base_url: str) -> Snapshot:
    policy = snapshot.get("policy") or {}
    path = str(policy.get("path") or "")
    if not base_url or not path.startswith("/"):
        return snapshot
    return {**snapshot, "policy": {**policy, "path": base_url.rstrip("/") + path}}


def _with_logo(snapshot: Snapshot, logo: bytes) -> Snapshot:
    if not logo:
        return snapshot
    kind = "png" if logo.startswith(b"\x89PNG") else "jpeg"
    address = f"data:image/{kind};base64,{base64.b64encode(logo).decode()}"
    return {**snapshot, "seller": {**snapshot["seller"], "logo": address}}


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


def _identifier(snapshot: Snapshot) -> bytes:
    """The file's id, from its content; without one WeasyPrint draws it at random."""
    frozen = json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(frozen.encode("utf-8", "replace")).hexdigest()[:32].encode()
