"""Paged documents with WeasyPrint, kept warm in each process: markup in, PDF out.

What makes a page cheap: fonts and style sheet are read once, the markup is read as XML in C, layout uses
blocks, floats and fixed tables only. What makes it safe: the only addresses a document may load are `data:`
images, and the style sheet's own fonts under the static folder.
"""

from __future__ import annotations

import base64
import ctypes
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import cssselect2  # type: ignore[import-untyped]
from django.template import Context, Engine
from weasyprint import CSS, HTML
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "static"
IMAGE = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")
"""The pictures a document may carry."""


class AddressRefused(ValueError):
    """A document asked for something that is neither a data: image nor our own font."""


class _OwnFilesOnly(URLFetcher):
    """Answers data: images, and files below `folder` when one is given. Opens no connection, ever."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(allowed_protocols=("data", "file") if folder else ("data",), allow_redirects=False)
        self._folder = folder

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002
        if url.startswith("data:"):
            match = IMAGE.fullmatch(url)
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
    # Pango reads the list of fonts in a thread of its own while WeasyPrint reads it in this one, and now and
    # then both fall over each other. Read before, it is only looked up.
    with suppress(OSError):
        ctypes.CDLL("libfontconfig.so.1").FcInit()
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


def fill(template: str, view: object) -> str:
    """A template of documents (well-formed XML, `d` is the view) filled in."""
    return str(
        _kit().engine.get_template(template).render(Context({"d": view}, use_l10n=False, use_tz=False))
    )


def render_paper(template: str, view: object, *, identifier: bytes) -> bytes:
    """The PDF of any paged document in the house's style.

    The same template, view and identifier give the same bytes.
    """
    return print_markup(fill(template, view), identifier=identifier)


def print_markup(markup: str, *, identifier: bytes) -> bytes:
    """The PDF of markup, like a letter's that was frozen before. The same arguments, the same bytes."""
    return _written(_laid_out(markup), identifier)


def print_together(markups: Iterable[str], *, identifier: bytes) -> bytes:
    """One PDF of several documents, each beginning on a page of its own, in their order. At least one."""
    documents = [_laid_out(markup) for markup in markups]
    pages = [page for document in documents for page in document.pages]
    return _written(documents[0].copy(pages), identifier)


def _laid_out(markup: str) -> Document:
    kit = _kit()
    return _Page(markup, kit.fetcher).render(font_config=kit.fonts, stylesheets=[kit.styles])


def _written(document: Document, identifier: bytes) -> bytes:
    return bytes(document.write_pdf(pdf_identifier=identifier, pdf_tags=True))
