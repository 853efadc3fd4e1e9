"""Rendering a large document in a process of its own, with a limit on time and memory.

Layout of thousands of lines takes long and holds hundreds of megabytes; a worker must outlive it. Run as a
module, this is the child: a job as JSON on standard input, the PDF on standard output.
"""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys

from core.errors import Refused

from .render import ROOT, check_size, render_invoice_pdf
from .writer import Snapshot

LINES_IN_PROCESS = 300
MOST_SECONDS = 90
MOST_MEGABYTES = 1_500


class RenderingStopped(Refused):
    """The document took more time or memory than a document may."""


def render_with_limits(
    snapshot: Snapshot,
    *,
    watermark: str | None = None,
    base_url: str = "",
    logo: bytes = b"",
    seconds: int = MOST_SECONDS,
    megabytes: int = MOST_MEGABYTES,
) -> bytes:
    """`render_invoice_pdf`; more than 300 lines go to a child that is stopped at the limits.

    For workers. Raises RenderingStopped, and what `render_invoice_pdf` raises for documents that are refused.
    """
    if len(snapshot["lines"]) <= LINES_IN_PROCESS:
        return render_invoice_pdf(snapshot, watermark=watermark, base_url=base_url, logo=logo)
    check_size(snapshot)
    job = {
        "snapshot": snapshot,
        "watermark": watermark,
        "base_url": base_url,
        "logo": base64.b64encode(logo).decode(),
        "limits": [seconds, megabytes],
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "invoices.documents.child"],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=seconds * 2,
            cwd=ROOT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise _stopped(snapshot) from late
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
        raise _stopped(snapshot)
    return done.stdout


def _stopped(snapshot: Snapshot) -> RenderingStopped:
    return RenderingStopped(
        f"The document with {len(snapshot['lines']):,} lines took too long or too much memory.",
        field="lines",
        rule="document-size",
        mend="Bill in several invoices, or sum up lines and attach the details as a file.",
    )


def _main() -> None:
    job = json.load(sys.stdin)
    seconds, megabytes = job["limits"]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024, megabytes * 1024 * 1024))
    logo = base64.b64decode(job["logo"])
    pdf = render_invoice_pdf(job["snapshot"], watermark=job["watermark"], base_url=job["base_url"], logo=logo)
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    _main()
