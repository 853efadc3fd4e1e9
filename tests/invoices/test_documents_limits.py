"""A document that would eat a worker is made elsewhere and stopped; the worker lives on."""

from __future__ import annotations

import subprocess
import time

import pytest

from invoices.documents import child
from invoices.documents.child import RenderingStopped, render_with_limits
from invoices.documents.render import DocumentTooLarge, render_invoice_pdf
from tests.invoices.snapshots import many_lines, snapshot


def test_a_large_document_made_elsewhere_is_the_same_file(monkeypatch):
    monkeypatch.setattr(child, "LINES_IN_PROCESS", 5)
    document = many_lines(30)

    assert render_with_limits(document, watermark="draft") == render_invoice_pdf(document, watermark="draft")


def test_a_small_document_needs_no_process(monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    assert render_with_limits(snapshot()).startswith(b"%PDF")


@pytest.mark.parametrize("limits", [{"seconds": 1}, {"megabytes": 120}], ids=["time", "memory"])
def test_at_the_limit_the_child_is_stopped_and_the_worker_goes_on(limits, figures):
    began = time.monotonic()
    with pytest.raises(RenderingStopped, match="4,000 lines") as refusal:
        render_with_limits(many_lines(4_000), **limits)

    assert refusal.value.mend
    figures(f"a document stopped at {limits}", seconds=round(time.monotonic() - began, 1))
    assert render_with_limits(snapshot()).startswith(b"%PDF")


def test_a_refusal_is_the_same_for_large_documents():
    with pytest.raises(DocumentTooLarge):
        render_with_limits(many_lines(5_001))
