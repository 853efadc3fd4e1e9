"""Invoices on their way out: PDF made, mail written, handed to a mail server; one worker process and two."""

from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from time import perf_counter

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.utils import timezone

from bench._seed import Seeded, seed_world
from bench.context import Context, Result
from correspondence import operations as correspondence
from correspondence.models import Delivery
from invoices import operations
from invoices.documents.render import warm
from invoices.events import INVOICE_SENT
from invoices.models import Invoice
from tests.processes import MailSink
from trail.models import Entry

_STEPS = ("PDF", "mail written", "handed over")


def run(ctx: Context) -> list[Result]:
    """What one worker process gets done, and two, with a mail server that takes all at once.

    No aim is set: bill runs leave this work to the workers. `--invoices=N` is how many each process sends.
    """
    each = ctx.option("invoices", 150)
    seeded, now = seed_world(10), timezone.now()
    warm()
    sink, results = MailSink(), []
    with sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
        for processes in (1, 2):
            parts = [_asked(seeded, each, now) for _ in range(processes)]
            # A connection is not shared with a child.
            connections.close_all()
            with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
                began = perf_counter()
                costs = list(pool.map(_send, parts))
                elapsed = perf_counter() - began
            count = each * processes
            name = f"{processes} process{'es' if processes > 1 else ''}"
            results.append(
                ctx.result(f"{name}, throughput", n=count, value=count / elapsed, unit="invoices/s")
            )
            for step, spent in zip(_STEPS, zip(*costs, strict=True), strict=True):
                results.append(
                    ctx.result(f"{name}, {step}", n=count, value=1000 * sum(spent) / count, unit="ms")
                )
    assert len(sink.messages) == 3 * each, len(sink.messages)
    return results


def _asked(seeded: Seeded, count: int, now: datetime) -> list[int]:
    """Issued invoices that somebody asked to be sent."""
    world = seeded.world
    drafts = [world.draft("100.00", "50.00", "25.00") for _ in range(count)]
    issued = operations.issue_batch(drafts, actor=world.clerk, now=now, approved="the bench")
    rows = [one for one in issued if isinstance(one, Invoice)]
    assert len(rows) == count, issued[:2]
    for invoice in rows:
        operations.send_invoice(invoice, actor=world.clerk, now=now)
    return [invoice.pk for invoice in rows]


def _send(ids: list[int]) -> tuple[float, ...]:
    """Seconds spent on each step."""
    kind = ContentType.objects.get_for_model(Invoice)
    spent = [0.0, 0.0, 0.0]
    for pk in ids:
        marks = [perf_counter()]
        operations.render_document(Invoice.objects.get(pk=pk), now=timezone.now())
        marks.append(perf_counter())
        asked = Entry.objects.get(content_type=kind, object_id=pk, fact=INVOICE_SENT)
        message = operations.write_message(asked, now=timezone.now())
        marks.append(perf_counter())
        for delivery in Delivery.objects.filter(message=message):
            correspondence.deliver(delivery.pk, now=timezone.now())
        marks.append(perf_counter())
        for step in range(3):
            spent[step] += marks[step + 1] - marks[step]
    return tuple(spent)
