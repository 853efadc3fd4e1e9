"""Pages: server time, SQL time and query count of the main screens; --invoices=1000000 for the large house."""

import html
import re
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import connection

from bench._seed import add_invoices, reopen, seed_world
from bench.context import Context, Result

_ROUNDS = 15
_NEXT = re.compile(r'rel="next"\s+href="([^"]+)"')
_PER_CUSTOMER = 50
"""Invoices of one customer: 2,000 customers for 100,000 invoices, 20,000 for a million."""


class Clock:
    """Counts and times the statements of one request."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.slowest = (0.0, "")

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took = (time.perf_counter() - began) * 1000
            self.times.append(took)
            self.slowest = max(self.slowest, (took, sql))


def run(ctx: Context) -> list[Result]:
    """Aims: at most 30 queries and 300 ms a page; lists at most 100 ms of SQL in all."""
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["*"]
    count = ctx.option("invoices", 100_000)
    with ctx.timed(f"{count:,} invoices seeded"):
        seeded = reopen() or seed_world(max(200, count // _PER_CUSTOMER))
        if seeded.invoices < count:
            add_invoices(seeded, count)
    client = Client(headers={"host": "localhost"})
    client.force_login(seeded.world.controller)
    results: list[Result] = []
    for name, address, words in _pages(client, seeded):
        results += _measured(ctx, client, name, address, count=count, headers=words)
    return results


def _pages(client: Any, seeded: Any) -> list[tuple[str, str, dict[str, str]]]:
    """(name, address, headers) of what is measured."""
    from invoices.models import Invoice

    customer = seeded.customers[7]
    invoice = Invoice.objects.filter(balance__gt=0).order_by("-id").values_list("pk", "number")[0]
    script = {"HX-Request": "true"}
    return [
        ("home", "/", {}),
        ("invoices, first page", "/invoices/", {}),
        ("invoices, deep page", _deep(client, "/invoices/", 40), {}),
        ("invoices, overdue", "/invoices/?status=overdue", {}),
        ("invoices, totals of all", "/invoices/totals/", {}),
        ("invoices, totals of paid", "/invoices/totals/?status=paid", {}),
        ("invoices, totals of open", "/invoices/totals/?status=open", {}),
        ("invoices, totals of overdue", "/invoices/totals/?status=overdue", {}),
        ("payments, totals of all", "/payments/totals/", {}),
        ("invoices, number searched", f"/invoices/?q={invoice[1]}", {}),
        ("invoices, name searched", "/invoices/?q=Kestrel+Robotics+1", {}),
        ("invoice", f"/invoices/{invoice[0]}/", {}),
        ("customers", "/customers/", {}),
        ("customer", f"/customers/{customer}/", {}),
        ("account", f"/customers/{customer}/account/", {}),
        ("account, as of", f"/customers/{customer}/account/?as_of=2026-06-30", {}),
        ("payments, first page", "/payments/", {}),
        ("payments, deep page", _deep(client, "/payments/", 40), {}),
        ("payments, unallocated", "/payments/?tab=unallocated", {}),
        ("open items, overdue", "/ledger/items/?bucket=overdue", {}),
        ("search, number", f"/search?q={invoice[1]}", script),
        ("search, amount", "/search?q=1190.00", script),
        ("search, name", "/search?q=kestrel", script),
        ("search, nothing", "/search?q=zzzzqqqq", script),
    ]


def _deep(client: Any, address: str, pages: int) -> str:
    """The address some pages on: what page 40 costs, page 4,000 costs (keyset, no OFFSET)."""
    here = address
    for _ in range(pages):
        found = _NEXT.search(client.get(here).content.decode())
        if not found:
            break
        here = address + html.unescape(found[1])
    return here


def _measured(
    ctx: Context, client: Any, name: str, address: str, *, count: int, headers: dict[str, str]
) -> list[Result]:
    """One page: requests after a first one that warms templates and caches."""
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, (address, answer.status_code)
    spent, sql, queries, slowest = [], [], [], (0.0, "")
    for _ in range(_ROUNDS):
        clock = Clock()
        wrapper: AbstractContextManager[None] = connection.execute_wrapper(clock)
        began = time.perf_counter()
        with wrapper:
            client.get(address, headers=headers)
        spent.append((time.perf_counter() - began) * 1000)
        sql.append(sum(clock.times))
        queries.append(len(clock.times))
        slowest = max(slowest, clock.slowest)
    spent.sort()
    ctx.say(
        f"{name}: {statistics.median(spent):.0f} ms, SQL {statistics.median(sql):.1f} ms in {max(queries)};"
        f" slowest {slowest[0]:.1f} ms: {slowest[1][:160]}"
    )
    most = "<= 150" if name.startswith("search") else "<= 300"
    p95 = spent[min(len(spent) - 1, round(len(spent) * 0.95))]
    apart = name == "home" or "totals" in name
    whole = "<= 300" if apart else "<= 100"
    return [
        ctx.result(f"{name}: server p50", n=count, value=statistics.median(spent), unit="ms", aim=most),
        ctx.result(f"{name}: server p95", n=count, value=p95, unit="ms", aim=most),
        ctx.result(f"{name}: SQL in all", n=count, value=statistics.median(sql), unit="ms", aim=whole),
        ctx.result(f"{name}: slowest query", n=count, value=slowest[0], unit="ms"),
        ctx.result(f"{name}: queries", n=count, value=max(queries), unit="queries", aim="<= 30"),
    ]
