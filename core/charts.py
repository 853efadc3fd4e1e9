"""Charts as SVG from the server: no script, no inline style, the same markup for screen, print and PDF.

Every bar is a link to its rows and says its numbers in its accessible name; `bar_table` gives the rows for
the data table that stands behind each chart. Amounts stay Decimal in words and tables; only the geometry,
which nobody adds up, uses floating point. `css/components/charts.css` colours the classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

WIDE, NARROW = 820, 340
"""Draw both and show one by width: text in a scaled SVG would become too small on phones."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 6, 10, 26


@dataclass(frozen=True)
class Series:
    """One colour of a stacked bar: key into the values, CSS class (f1, f2, f3), name for people."""

    key: str
    css: str
    name: str


@dataclass(frozen=True)
class Bar:
    """One column: label, amount per series key, the address of its rows, perhaps a forecast of its total."""

    label: str
    values: Mapping[str, Decimal]
    href: str
    forecast: Decimal | None = None
    short: str = ""

    def of(self, key: str) -> Decimal:
        """The amount of one series, 0 when the bar has none."""
        return self.values.get(key, Decimal(0))


@dataclass(frozen=True)
class Chart:
    """What to draw. `write` puts an amount into words for tips, `axis` for the scale."""

    title: str
    bars: Sequence[Bar]
    series: Sequence[Series]
    write: Callable[[Decimal], str]
    axis: Callable[[Decimal], str]
    line: Series | None = None
    forecast_name: str = "Forecast"
    empty: str = field(default="Nothing to show yet.")


def ticks(highest: Decimal, about: int = 4) -> list[Decimal]:
    """Round values for a scale from 0 to at least `highest`: 0, 400, 800, 1200 for 1050."""
    if highest <= 0:
        return [Decimal(0), Decimal(1)]
    raw = highest / about
    magnitude = Decimal(10) ** raw.adjusted()
    step = next(factor * magnitude for factor in map(Decimal, ("1", "2", "2.5", "4", "5", "10")) if
                factor * magnitude >= raw)  # fmt: skip
    return [step * number for number in range(math.ceil(highest / step) + 1)]


def short(amount: Decimal) -> str:
    """ "1.2M", "400k", "950": for the scale of a chart."""
    for limit, sign in ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k")):
        if abs(amount) >= limit:
            return f"{_plain(amount / limit)}{sign}"
    return _plain(amount)


def bars(chart: Chart, *, width: int = WIDE, height: int = 282) -> SafeString:
    """Stacked columns with an optional line across them and a dashed forecast on top.

    Negative amounts are drawn as nothing and said in words: a stack cannot show them.
    """
    if not chart.bars:
        return format_html('<p class="muted md">{}</p>', chart.empty)
    scale = ticks(max(_highest(chart, bar) for bar in chart.bars))
    plot = _Plot(width, height, len(chart.bars), float(scale[-1]))
    columns = format_html_join(
        "", "{}", ((_column(chart, plot, at, bar),) for at, bar in enumerate(chart.bars))
    )
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="group" aria-label="{}">{}{}{}</svg>',
        "hide-sm" if width > NARROW else "only-sm",
        width, height, chart.title, _grid(chart, plot, scale), columns, _line(chart, plot),
    )  # fmt: skip


def bar_table(chart: Chart) -> list[list[str]]:
    """The chart's numbers as rows of words: a head, then one row a bar."""
    series = [*chart.series, *([chart.line] if chart.line else [])]
    head = ["", *(one.name for one in series)]
    return [head, *([bar.label, *(chart.write(bar.of(one.key)) for one in series)] for bar in chart.bars)]


def spark(values: Sequence[Decimal], *, width: int = 160, height: int = 30) -> SafeString:
    """A line without a scale, for the foot of a key figure; the figure itself says the number."""
    if len(values) < 2:
        return SafeString("")
    numbers = [float(value) for value in values]
    low, span = min(numbers), (max(numbers) - min(numbers)) or 1.0
    step = width / (len(numbers) - 1)
    points = [
        (at * step, height - 3 - (height - 6) * (number - low) / span) for at, number in enumerate(numbers)
    ]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return format_html(
        '<svg class="chart spark" viewBox="0 0 {0} {1}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="ar1" d="{2}L{0} {1}L0 {1}z"/>'
        '<path class="ln1" vector-effect="non-scaling-stroke" d="{2}"/></svg>',
        width, height, path,
    )  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One piece of a whole: name, amount, CSS class (age0 … age4)."""

    name: str
    amount: Decimal
    css: str


def stack(parts: Sequence[Part], *, title: str, width: int = 420, height: int = 14) -> SafeString:
    """One bar split into its parts, like an ageing. Parts of nothing are left out."""
    kept = [part for part in parts if part.amount > 0]
    total = sum((part.amount for part in kept), Decimal(0))
    if not total:
        return SafeString("")
    shares = [part.amount / total for part in kept]
    words = ", ".join(f"{part.name} {share:.0%}" for part, share in zip(kept, shares, strict=True))
    pieces, x = [], 0.0
    for part, share in zip(kept, shares, strict=True):
        wide = width * float(share)
        pieces.append((part.css, f"{x:.1f}", f"{max(wide - 2, 1):.1f}", height, f"{part.name}  {share:.1%}"))
        x += wide
    rects = format_html_join(
        "", '<rect class="{}" x="{}" width="{}" height="{}" rx="3" data-tip="{}"/>', pieces
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}: {}">{}</svg>',
        width, height, title, words, rects,
    )  # fmt: skip


def meter(share: Decimal, *, css: str = "age4", width: int = 96) -> SafeString:
    """A small bar of 0 to 1 beside a number; decoration, so the number must be there in words."""
    filled = max(6.0, width * min(max(float(share), 0.0), 1.0))
    return format_html(
        '<svg class="bar" viewBox="0 0 {0} 6" aria-hidden="true">'
        '<rect class="track" width="{0}" height="6" rx="3"/>'
        '<rect class="{1}" width="{2}" height="6" rx="3"/></svg>',
        width, css, f"{filled:.1f}",
    )  # fmt: skip


@dataclass(frozen=True)
class _Plot:
    """The drawing area: where a column stands and how high an amount is."""

    width: int
    height: int
    columns: int
    top: float

    @property
    def inner(self) -> int:
        return self.height - _TOP - _BOTTOM

    @property
    def column(self) -> float:
        return (self.width - _LEFT - _RIGHT) / self.columns

    def x(self, at: int) -> float:
        return _LEFT + at * self.column

    def y(self, amount: Decimal) -> float:
        return _TOP + self.inner - self.inner * float(amount) / self.top


def _highest(chart: Chart, bar: Bar) -> Decimal:
    stacked = sum((max(bar.of(one.key), Decimal(0)) for one in chart.series), Decimal(0))
    return max(stacked, bar.of(chart.line.key) if chart.line else stacked, bar.forecast or stacked)


def _grid(chart: Chart, plot: _Plot, scale: Sequence[Decimal]) -> SafeString:
    lines = (
        (
            _LEFT,
            plot.width - _RIGHT,
            f"{plot.y(tick):.1f}",
            _LEFT - 8,
            f"{plot.y(tick) + 3.5:.1f}",
            chart.axis(tick),
        )
        for tick in scale
    )
    return format_html_join(
        "",
        '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
        '<text x="{3}" y="{4}" text-anchor="end">{5}</text>',
        lines,
    )


def _column(chart: Chart, plot: _Plot, at: int, bar: Bar) -> SafeString:
    x, wide = plot.x(at), plot.column
    words = _words(chart, bar)
    return format_html(
        '<a href="{}" data-tip="{}" aria-label="{}">'
        '<rect class="hit" x="{}" y="{}" width="{}" height="{}" rx="4"/>{}</a>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        bar.href, words, words.replace("\n", ", "),
        f"{x:.1f}", _TOP, f"{wide:.1f}", plot.inner, _segments(chart, plot, x, bar),
        f"{x + wide / 2:.1f}", plot.height - 8, bar.short or bar.label[: 3 if wide > 30 else 1],
    )  # fmt: skip


def _words(chart: Chart, bar: Bar) -> str:
    said = [f"{one.name}  {chart.write(bar.of(one.key))}" for one in chart.series if bar.of(one.key)]
    if bar.forecast is not None:
        said.append(f"{chart.forecast_name}  {chart.write(bar.forecast)}")
    if chart.line is not None:
        said.append(f"{chart.line.name}  {chart.write(bar.of(chart.line.key))}")
    return "\n".join([bar.label, *said])


def _segments(chart: Chart, plot: _Plot, x: float, bar: Bar) -> SafeString:
    """The stacked pieces; the uppermost has round corners, the forecast is an outline above it."""
    left, wide = x + plot.column * 0.24, plot.column * 0.52
    shown = [one for one in chart.series if bar.of(one.key) > 0]
    base, drawn = Decimal(0), []
    for one in shown:
        low, high = plot.y(base) - (1 if base else 0), plot.y(base + bar.of(one.key))
        base += bar.of(one.key)
        path = _round_top(left, wide, low, high) if one is shown[-1] else _flat(left, wide, low, high)
        drawn.append((one.css, path))
    if bar.forecast is not None and bar.forecast > base:
        drawn.append(("fx", _round_top(left, wide, plot.y(base), plot.y(bar.forecast), closed=False)))
    return format_html_join("", '<path class="{}" d="{}"/>', drawn)


def _flat(left: float, wide: float, low: float, high: float) -> str:
    return f"M{left:.1f} {low:.1f}V{high:.1f}h{wide:.1f}V{low:.1f}z"


def _round_top(left: float, wide: float, low: float, high: float, *, closed: bool = True) -> str:
    r = min(3.0, max(low - high, 0.0), wide / 2)
    end = "z" if closed else ""
    return (
        f"M{left:.1f} {low:.1f}V{high + r:.1f}q0-{r:.1f} {r:.1f}-{r:.1f}h{wide - 2 * r:.1f}"
        f"q{r:.1f} 0 {r:.1f} {r:.1f}V{low:.1f}{end}"
    )


def _line(chart: Chart, plot: _Plot) -> SafeString:
    if chart.line is None:
        return SafeString("")
    key = chart.line.key
    points = [
        (f"{plot.x(at) + plot.column / 2:.1f}", f"{plot.y(bar.of(key)):.1f}")
        for at, bar in enumerate(chart.bars)
    ]
    joined = " ".join(f"{x},{y}" for x, y in points)
    dots = format_html_join("", '<circle class="dot" cx="{}" cy="{}" r="2.75"/>', points)
    return format_html('<polyline class="ln" points="{}"/>{}', conditional_escape(joined), dots)


def _plain(amount: Decimal) -> str:
    """Without exponent and without zeros at the end, at most one decimal."""
    rounded = round(amount, 1)
    return f"{rounded:f}".rstrip("0").rstrip(".") if rounded % 1 else f"{int(rounded)}"
