"""Nothing a customer or a clerk types reads a file, opens a connection or becomes markup in a document."""

from __future__ import annotations

import base64
import copy
import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from xml.etree import ElementTree

import pypdf
import pytest
from PIL import Image

from core import paper
from core.errors import Invalid
from invoices.documents.render import (
    DocumentTooLarge,
    UnusableLogo,
    check_logo,
    render_invoice_html,
    render_invoice_pdf,
)
from tests.invoices.snapshots import gst, many_lines, reverse_charge, snapshot

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "'--></style><iframe src=file:///etc/passwd>",
    "{{ d.seller.name }}{% include 'x' %}",
    "{% load static %}{# gone #}",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "<link rel=stylesheet href=http://127.0.0.1/x.css>",
    "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>&x;",
    "]]><![CDATA[<b>x</b>]]>",
    '=HYPERLINK("http://127.0.0.1")',
    "javascript:alert(1)",
    "url(http://127.0.0.1/x.png)",
]

# Fields the rules of other places restrict to codes, numbers and days; the rest is free text.
_CODES = """
schema document_type issued_on tax_point_on supply_from supply_to due_on currency language country category
rate tax net discount discount_pct quantity unit_price base_quantity taxable tax_functional amount until pct
amount_if_paid period_from period_to lines allowances charges gross prepaid rounding due rate_on scheme
methods iban logo tax_rounding template_version position n days version dispute_days fixed_sum functional
CGST SGST IGST
"""
CODED = frozenset(_CODES.split())


@pytest.fixture
def counted_server() -> Iterator[tuple[str, list[str]]]:
    """A local web server that writes down who asks; /again redirects to a file and back to itself."""
    hits: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(302 if self.path == "/again" else 200)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    server.server_close()
    thread.join()


def texts_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all free texts of a snapshot."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in CODED or isinstance(item, (dict, list)):
                yield from texts_in(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from texts_in(item, (*path, at))
    elif isinstance(value, str):
        yield path


def with_text(document: dict[str, Any], path: tuple[Any, ...], text: str) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    return changed


def tags(markup: str) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(markup).iter()]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("document", [gst(), reverse_charge()], ids=["gst", "reverse"])
def test_markup_typed_into_any_field_stays_text(payload, document):
    document["notes"], document["texts"] = "note", ["text"]
    paths = list(texts_in(document))
    assert len(paths) > 30

    for path in paths:
        markup = render_invoice_html(with_text(document, path, payload))
        plain = render_invoice_html(with_text(document, path, "plain words"))
        assert sorted(tags(markup)) == sorted(tags(plain)), path
        addresses = [e.get("href") or e.get("src") or "" for e in ElementTree.fromstring(markup).iter()]
        assert all(a.startswith(("data:image/png;", "https://pay.northwind")) for a in addresses if a), path


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_pdf_prints_what_was_typed(payload):
    document = with_text(snapshot(), ("lines", 0, "description"), payload)
    pdf = pypdf.PdfReader(io.BytesIO(render_invoice_pdf(document)))
    printed = re.sub(r"\s+", "", pdf.pages[0].extract_text())

    assert re.sub(r"\s+", "", payload) in printed
    assert "/JavaScript" not in str(pdf.trailer["/Root"])


@pytest.mark.soak("T44")
@pytest.mark.parametrize("path", ["/logo.png", "/again"])
def test_a_document_reaches_no_web_server(counted_server, path):
    address, hits = counted_server
    document = snapshot(notes=f"{address}{path}")
    document["seller"]["logo"] = address + path
    document["policy"]["path"] = address + path
    render_invoice_pdf(document)

    # Even markup that asks for everything gets nothing: the fetcher itself refuses.
    markup = (
        f'<html><head><link rel="stylesheet" href="{address}{path}"/><style>@import url({address}{path});'
        f"@font-face {{font-family:x; src:url({address}{path})}}"
        f"body {{background:url({address}{path})}}</style>"
        f'</head><body><img src="{address}{path}"/><embed src="{address}{path}"/>'
        f'<object data="{address}{path}"></object><a rel="attachment" href="{address}{path}">x</a>'
        '<img src="file:///etc/hostname"/><a rel="attachment" href="file:///etc/hostname">x</a></body></html>'
    )
    kit = paper._kit()
    pdf = paper._Page(markup, kit.fetcher).render(font_config=kit.fonts).write_pdf()

    assert hits == []
    assert not pypdf.PdfReader(io.BytesIO(pdf)).attachments


@pytest.mark.soak("T44")
@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/hostname",
        "file:///etc/passwd?.png",
        "http://127.0.0.1:1/",
        "https://example.org/x.png",
        "ftp://127.0.0.1/x",
        "data:text/html,<script>1</script>",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "/etc/hostname",
    ],
)
@pytest.mark.parametrize("folder", [None, paper.STATIC])
def test_the_fetcher_refuses_everything_but_pictures_and_our_own_files(address, folder):
    with pytest.raises((ValueError, OSError)):
        paper._OwnFilesOnly(folder).fetch(address)


@pytest.mark.soak("T44")
def test_our_own_folder_cannot_be_left_with_dots_or_links(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    own = tmp_path / "own"
    own.mkdir()
    (own / "link").symlink_to(secret)
    (own / "font.ttf").write_bytes(b"font")
    fetcher = paper._OwnFilesOnly(own)

    assert fetcher.fetch((own / "font.ttf").as_uri()).read() == b"font"
    for inside in ("../secret.txt", "%2e%2e/secret.txt", "link"):
        with pytest.raises(paper.AddressRefused):
            fetcher.fetch(f"{own.as_uri()}/{inside}")


def test_direction_marks_and_control_characters_are_not_printed():
    document = snapshot(po_number="A\u202eB\x00C\x1b\ufffe")
    assert ">Your order</span> ABC" in render_invoice_html(document)


def test_too_many_lines_are_refused_with_a_way_out():
    with pytest.raises(DocumentTooLarge, match="at most 5,000 lines") as refusal:
        render_invoice_pdf(many_lines(5_001))
    assert refusal.value.field == "lines"
    assert refusal.value.mend


def test_a_text_of_ten_megabytes_is_refused():
    with pytest.raises(DocumentTooLarge, match="too long"):
        render_invoice_pdf(snapshot(notes="x" * 10_000_000))


def picture(width: int, height: int, kind: str = "PNG") -> str:
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def test_a_good_logo_passes():
    check_logo(picture(400, 120))
    check_logo(picture(400, 120, "JPEG"))


@pytest.mark.parametrize(
    "logo",
    [
        picture(20_000, 20_000),
        picture(100, 100).replace("png", "svg+xml"),
        "data:image/png;base64,AAAA",
        "data:image/png;base64,!!!!",
        "data:image/png;base64," + "A" * 4_000_000,
        "http://127.0.0.1/x.png",
        "",
    ],
    ids=["bomb", "svg", "no image", "no base64", "huge", "address", "empty"],
)
def test_a_logo_that_could_hurt_is_refused(logo):
    with pytest.raises(UnusableLogo) as refusal:
        check_logo(logo)
    assert isinstance(refusal.value, Invalid)


@pytest.mark.parametrize("colour", ["red;} body{display:none", "#12345", "url(http://127.0.0.1/)", "", None])
def test_a_colour_that_is_none_is_replaced(colour):
    document = snapshot()
    document["seller"]["colour"] = "#0f766e"
    assert "solid #0f766e" in render_invoice_html(document)

    document["seller"]["colour"] = colour
    assert ".due { border-left: 1.2mm solid #4f46e5; }" in render_invoice_html(document)
