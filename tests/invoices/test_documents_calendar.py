"""The calendar file: right day, one entry per instalment, the same again, and nothing smuggled in."""

from __future__ import annotations

import re

from invoices.documents.calendar_file import calendar_file
from tests.invoices.snapshots import credit_note, reverse_charge, snapshot


def fields(content: bytes) -> list[str]:
    """The unfolded lines."""
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_the_due_date_is_an_all_day_entry_with_a_reminder():
    found = fields(calendar_file(snapshot(), link="https://pay.northwind.example/i/x"))

    assert found[0] == "BEGIN:VCALENDAR"
    assert found[-2:] == ["END:VCALENDAR", ""]
    assert "DTSTART;VALUE=DATE:20261109" in found
    assert "DTEND;VALUE=DATE:20261110" in found
    assert "SUMMARY:Pay Invoice INV-2026-04219: €12\\,840.50" in found
    assert "TRIGGER:-P3D" in found
    assert "URL:https://pay.northwind.example/i/x" in found


def test_each_instalment_has_its_own_day_and_its_own_id():
    found = fields(calendar_file(reverse_charge()))

    assert [line for line in found if line.startswith("DTSTART")] == [
        "DTSTART;VALUE=DATE:20261109",
        "DTSTART;VALUE=DATE:20261209",
        "DTSTART;VALUE=DATE:20270111",
    ]
    assert len({line for line in found if line.startswith("UID")}) == 3


def test_the_same_document_gives_the_same_file():
    assert calendar_file(snapshot()) == calendar_file(snapshot())


def test_a_credit_note_has_no_due_date():
    assert b"VEVENT" not in calendar_file(credit_note())


def test_lines_are_at_most_75_octets_and_split_no_letter():
    document = snapshot(number="नमस्ते-" * 30)
    for row in calendar_file(document).split(b"\r\n"):
        assert len(row) <= 75
        row.decode()


def test_typed_text_adds_no_field():
    document = snapshot(number="X\r\nATTENDEE:mailto:evil@example.org\nEND:VCALENDAR")
    document["seller"]["legal_name"] = "A;B,C\\D\nBEGIN:VEVENT"
    found = fields(calendar_file(document, link="https://x.example/\r\nATTENDEE:y"))

    assert not any(re.match("ATTENDEE", line) for line in found)
    assert sum(line == "BEGIN:VEVENT" for line in found) == 1
    assert any("A\\;B\\,C\\\\D" in line for line in found)
