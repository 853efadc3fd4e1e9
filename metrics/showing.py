"""How the figures are shown: charts, tiles, and the rows behind each figure with the list they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from babel.numbers import get_currency_symbol
from django.urls import reverse

from core import charts, locale
from core.charts import NARROW, Bar, Chart, Part, Series
from entities.models import Entity
from ledger.book import BUCKET_NAMES
from metrics.queries import DSO_DAYS, Figure, Figures, Row

TITLES = {
    "outstanding": "Outstanding",
    "overdue": "Overdue",
    "dso": "DSO",
    "collected": "Collected this month",
}
DEFINITIONS = {
    "outstanding": "What customers owe: open items of issued invoices after credits and allocations. "
    "Unapplied credits are shown apart, not taken off.",
    "overdue": "Open items whose due day has passed; due today is not overdue.",
    "dso": f"Days sales outstanding: outstanding ÷ credit sales of the last {DSO_DAYS} days × {DSO_DAYS}. "
    "Both with tax; credit sales are invoices less credit notes. Without sales there is no figure.",
    "collected": "Receipts dated this month that the bank did not take back, with fees and tax withheld.",
}


@dataclass(frozen=True)
class Tile:
    """One key figure: value and unit in words, a second figure, the page with its rows, what it means."""

    code: str
    title: str
    value: str
    unit: str
    note: str
    url: str
    definition: str
    spark: str = ""
    tone: str = ""
    arrow: str = ""
    change: str = ""


def tiles(found: Figures, entity: Entity | None) -> list[Tile]:
    """The four key figures."""
    share = found.overdue_share
    return [
        _tile("outstanding", _large(found.outstanding), "", _items(found.outstanding.count), entity),
        _tile(
            "overdue",
            _large(found.overdue),
            f"{locale.editable(share)}%" if share is not None else "",
            _items(found.overdue.count),
            entity,
        ),
        _tile(
            "dso",
            "n/a" if found.dso.dso is None else locale.editable(found.dso.dso, decimals=1),
            "" if found.dso.dso is None else "days",
            "no sales in 90 days" if found.dso.dso is None else "last 90 days",
            entity,
        ),
        _tile(
            "collected",
            _large(found.collected),
            "",
            f"{found.collected.count} receipts",
            entity,
            spark=charts.spark([month.collected for month in found.months]),
            **_change(found),
        ),
    ]


def _tile(code: str, value: str, unit: str, note: str, entity: Entity | None, **more: Any) -> Tile:
    query = f"?entity={entity.pk}" if entity else ""
    url = reverse("metrics:figure", args=[code]) + query
    return Tile(code, TITLES[code], value, unit, note, url, DEFINITIONS[code], **more)


def _change(found: Figures) -> dict[str, str]:
    """Collected so far against the month before up to the same day: more is better."""
    before, now = found.collected_before, found.collected.amount
    if not before:
        return {}
    percent = ((now - before) / before * 100).quantize(Decimal("0.1"))
    month = f"{found.months[-2].first:%B}"
    if not percent:
        return {"change": f"As much as {month} to the same day"}
    up = percent > 0
    return {
        "tone": "up" if up else "down",
        "arrow": "arrow-up-right" if up else "arrow-down-right",
        "change": f"{locale.editable(abs(percent))}% {'more' if up else 'less'} than {month} to the same day",
    }


def _items(count: int) -> str:
    return f"{count:,} open item" + ("" if count == 1 else "s")


def _large(figure: Figure) -> str:
    return locale.money(figure.amount, figure.currency)


def axis(currency: str) -> Any:
    """The scale's labels: €400k."""
    symbol = get_currency_symbol(currency, locale=locale.current())
    return lambda amount: f"{symbol}{charts.short(amount)}"


def cash_chart(found: Figures, entity: Entity | None) -> dict[str, Any]:
    """Collected by month against invoiced, wide and narrow, with its numbers as a table."""
    bars = [
        Bar(
            label=f"{month.first:%B %Y}",
            short=f"{month.first:%b}",
            values={"collected": month.collected, "invoiced": month.invoiced},
            href=reverse("payments:list")
            + "?"
            + urlencode(
                {"since": month.first.isoformat(), "until": month.last.isoformat()}
                | ({"entity": entity.pk} if entity else {})
            ),
        )
        for month in found.months
    ]
    chart = Chart(
        title=f"Collected against invoiced by month, {found.currency}",
        bars=bars,
        series=[Series("collected", "f1", "Collected")],
        line=Series("invoiced", "ln", "Invoiced"),
        write=lambda amount: locale.money(amount, found.currency),
        axis=axis(found.currency),
    )
    narrow = Chart(
        chart.title,
        [Bar(b.label, b.values, b.href, short=b.short[:1]) for b in bars],
        chart.series,
        chart.write,
        chart.axis,
        chart.line,
    )
    head, *rows = charts.bar_table(chart)
    return {
        "wide": charts.bars(chart),
        "narrow": charts.bars(narrow, width=NARROW, height=240),
        "head": head,
        "rows": rows,
    }


def ageing(found: Figures, entity: Entity | None) -> dict[str, Any]:
    """What is outstanding by age: a bar, and each part with the list of its items."""
    total = found.outstanding.amount
    query = {"entity": entity.pk} if entity else {}
    parts = [
        {
            "name": BUCKET_NAMES[age.code],
            "css": f"age{at}",
            "amount": age.amount,
            "count": age.count,
            "share": f"{age.amount / total * 100:.1f}%" if total else "",
            "url": reverse("ledger:items") + "?" + urlencode({"bucket": age.code} | query),
        }
        for at, age in enumerate(found.ages)
    ]
    bar = charts.stack(
        [
            Part(str(part["name"]), age.amount, str(part["css"]))
            for part, age in zip(parts, found.ages, strict=True)
        ],
        title="Ageing",
    )
    return {"bar": bar, "parts": parts}


def rows_behind(code: str, found: Figures) -> tuple[Figure, list[dict[str, Any]]]:
    """The figure's sum and its rows per company and currency, each with the list of its documents."""
    figure = {
        "outstanding": found.outstanding,
        "overdue": found.overdue,
        "collected": found.collected,
        "dso": found.sales,
    }[code]
    return figure, [{"row": row, "url": _list_of(code, row, found)} for row in figure.rows]


def _list_of(code: str, row: Row, found: Figures) -> str:
    base: dict[str, Any] = {"entity": row.entity.pk, "currency": row.currency}
    if code == "collected":
        since = found.on.replace(day=1)
        return _url("payments:list", base | {"since": since.isoformat(), "until": found.on.isoformat()})
    if code == "dso":
        since = found.on - timedelta(days=DSO_DAYS - 1)
        return _url(
            "invoices:list",
            base | {"issued_from": since.isoformat(), "issued_to": found.on.isoformat()},
        )
    return _url("ledger:items", base | ({"bucket": "overdue"} if code == "overdue" else {}))


def _url(name: str, query: dict[str, Any]) -> str:
    return f"{reverse(name)}?{urlencode(query)}"


def shares(amounts: Sequence[Decimal]) -> list[str]:
    """A small bar for each amount against the largest."""
    largest = max(amounts, default=Decimal(0))
    return [charts.meter(amount / largest, width=72) if largest else "" for amount in amounts]
