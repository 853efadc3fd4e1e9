"""Uploaded logos: judged by their content, never by their name, and stored only as our own re-encoding."""

import io

from PIL import Image, UnidentifiedImageError

from core.errors import Invalid

LARGEST_BYTES = 1024 * 1024
LARGEST_SIDE = 4000
STORED_SIDE = 800
_KINDS = ("PNG", "JPEG", "WEBP")


def reencode(data: bytes) -> bytes:
    """The picture as a PNG of at most 800 pixels a side, without whatever else the file carried.

    SVG is refused because it can hold scripts and addresses; a file that is not wholly a PNG, JPEG or WebP
    picture, is above 1 MB or wider or higher than 4,000 pixels, is refused as well.
    """
    if len(data) > LARGEST_BYTES:
        raise _refused("The file is larger than 1 MB.", "a_logo_is_small")
    if data.lstrip()[:5].lower() in (b"<?xml", b"<svg ", b"<!doc") or b"<svg" in data[:1000].lower():
        raise _refused("SVG files can carry programs and are not accepted.", "a_logo_is_a_picture")
    try:
        # The size is read from the head before any pixel: a small file can unfold to a huge picture.
        with Image.open(io.BytesIO(data), formats=_KINDS) as picture:
            if max(picture.size) > LARGEST_SIDE or min(picture.size) < 16:
                raise _refused(
                    f"The picture has {picture.size[0]} × {picture.size[1]} pixels.", "a_logo_has_a_fit_size"
                )
            picture.load()
            clean = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as fault:
        raise _refused("This is not a PNG, JPEG or WebP picture.", "a_logo_is_a_picture") from fault
    clean.thumbnail((STORED_SIDE, STORED_SIDE))
    out = io.BytesIO()
    # A fresh image keeps no metadata: no camera data, no colour profiles, no text chunks.
    Image.frombytes("RGBA", clean.size, clean.tobytes()).save(out, "PNG", optimize=True)
    return out.getvalue()


def _refused(message: str, rule: str) -> Invalid:
    return Invalid(
        message,
        field="logo",
        rule=rule,
        mend="Use a PNG or JPEG of at most 1 MB, 16 to 4,000 pixels a side.",
    )
