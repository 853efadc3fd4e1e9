"""What the codes of tax categories (UNCL 5305) are called on the pages of month ends."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CATEGORIES: Mapping[str, Promise] = {
    "S": _("Taxed"),
    "Z": _("Zero rate"),
    "E": _("Exempt"),
    "AE": _("Reverse charge"),
    "K": _("Intra-Community supply"),
    "G": _("Export"),
    "O": _("Outside the tax"),
}


def category(code: str) -> str:
    """ "Reverse charge" for "AE"; a code without words is its own."""
    return str(CATEGORIES.get(code, code))
