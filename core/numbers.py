"""Whole numbers in addresses and forms."""

from __future__ import annotations

# The largest key of a table has nineteen digits; one less is always kept by the database.
_DIGITS = 18


def row_id(text: str | None) -> int | None:
    """The key of a row as people or programs send it; None for what names no row. Never an error."""
    if not text or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    return int(text)
