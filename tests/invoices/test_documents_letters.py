"""What cannot be printed is known before it is."""

from __future__ import annotations

import pytest

from invoices.documents.letters import missing_letters
from tests.invoices.snapshots import snapshot


@pytest.mark.parametrize(
    "name", ["Müller & Žižek", "Ελλάς", "ООО Ромашка", "सह्याद्री", "Nguyễn", "A – “B” ₹ €"]
)
def test_these_names_can_be_printed(name):
    assert missing_letters(snapshot(notes=name)) == []


def test_other_scripts_are_named_once_each():
    assert missing_letters(snapshot(notes="株式会社株 ABC שלום")) == [
        "株",
        "式",
        "会",
        "社",
        "ש",
        "ל",
        "ו",
        "ם",
    ]
