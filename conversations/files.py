"""Which files a customer may send us: by name, by content, by size. Pure.

A file is taken when its ending is on the list and its first bytes are those of that kind. What a browser
would run (HTML, SVG, scripts) is on no list.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

FILE_BYTES = 10 * 1024 * 1024

_ZIP = (b"PK\x03\x04",)
_OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_TEXT: tuple[bytes, ...] = ()
# Ending -> how such a file begins; () is text, which holds no zero bytes.
_BEGINS: dict[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "tif": (b"II*\x00", b"MM\x00*"),
    "tiff": (b"II*\x00", b"MM\x00*"),
    "docx": _ZIP,
    "xlsx": _ZIP,
    "odt": _ZIP,
    "ods": _ZIP,
    "doc": _OLE,
    "xls": _OLE,
    "txt": _TEXT,
    "csv": _TEXT,
    "xml": _TEXT,
    "ics": _TEXT,
}


@dataclass(frozen=True)
class File:
    """One file as it came: its name made harmless, the type it claims, its bytes."""

    filename: str
    media_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def refusal_of(filename: str, media_type: str, data: bytes) -> str:
    """Why this file is not taken; "" when it is."""
    ending = filename.rpartition(".")[2].lower() if "." in filename else media_type.rpartition("/")[2]
    if ending not in _BEGINS:
        return f"files of the kind “{ending[:20]}” are not taken"
    if not data:
        return "it is empty"
    if len(data) > FILE_BYTES:
        return f"it is larger than {FILE_BYTES // 1024 // 1024} MB"
    begins = _BEGINS[ending]
    fits = data.startswith(begins) if begins else b"\0" not in data
    return "" if fits else f"its content is not that of a {ending} file"
