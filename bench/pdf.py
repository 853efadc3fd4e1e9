"""CPU time of a one-page invoice PDF in a warm process, and pages a second with one and two processes."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any

from invoices.documents.render import render_invoice_pdf, warm
from invoices.documents.sample import SAMPLE

ROUND = 10


def run(ctx: Any) -> list[dict[str, Any]]:
    """Aim: at most 75 ms of CPU a page. `--pages=N` sets how many each process renders."""
    pages = ctx.option("pages", 120)
    warm()
    costs = _rounds(pages)
    results = [ctx.result("one-page invoice, warm", n=pages, value=median(costs), unit="CPU ms", aim="<= 75")]
    for processes in (1, 2):
        cpu, wall = _together(processes, pages)
        name = f"{processes} process{'es' if processes > 1 else ''}"
        results.append(ctx.result(f"{name}, CPU", n=pages * processes, value=cpu, unit="CPU ms", aim="<= 75"))
        results.append(ctx.result(f"{name}, throughput", n=pages * processes, value=wall, unit="pages/s"))
    results.append(ctx.result("size of a page", n=1, value=len(render_invoice_pdf(SAMPLE)), unit="bytes"))
    return results


def _rounds(pages: int) -> list[float]:
    """CPU milliseconds a page, one figure for each round of ten."""
    costs = []
    for _ in range(max(1, pages // ROUND)):
        began = time.process_time()
        for _ in range(ROUND):
            render_invoice_pdf(SAMPLE)
        costs.append((time.process_time() - began) * 1000 / ROUND)
    return costs


def _together(processes: int, pages: int) -> tuple[float, float]:
    """(median CPU ms a page, pages a second of all processes together), warm-up left out."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=warm) as pool:
        list(pool.map(_one_page, range(processes * 4)))
        began = time.perf_counter()
        rounds = [pool.submit(_rounds, pages) for _ in range(processes)]
        costs = [cost for done in rounds for cost in done.result()]
        elapsed = time.perf_counter() - began
    return median(costs), processes * (pages // ROUND) * ROUND / elapsed


def _one_page(_: int) -> int:
    return len(render_invoice_pdf(SAMPLE))
