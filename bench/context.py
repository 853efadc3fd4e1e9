"""What a benchmark is given, and how its results are judged.

A benchmark is a module of this folder whose docstring's first line says what it measures, with

    def run(ctx: Context) -> list[dict]:
        return [ctx.result("one by one", n=1000, value=4.2, unit="ms", aim="<= 5")]
"""

import cProfile
import operator
import pstats
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

Result = dict[str, Any]
_COMPARE: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}
_AIM = re.compile(r"(?P<of>ratio|value)?\s*(?P<sign><=|>=)\s*(?P<bound>[\d.]+)")


@dataclass
class Context:
    """A migrated, empty database on a private durable engine, and Django set up for it."""

    name: str
    state: Path
    options: list[str] = field(default_factory=list)

    def option(self, name: str, default: int) -> int:
        """The number in `--name=123` (or `--name 123`) of the command line."""
        words = iter(self.options)
        for word in words:
            key, _, value = word.partition("=")
            if key == f"--{name}":
                return int((value or next(words)).replace("_", ""))
        return default

    def say(self, text: str) -> None:
        """A line for the person who waits."""
        print(f"{self.name}: {text}", flush=True)

    @contextmanager
    def timed(self, label: str) -> Iterator[Callable[[], float]]:
        """Time a block; the value it gives is a function that returns the seconds so far, then in all."""
        began = time.perf_counter()
        end: list[float] = []
        yield lambda: (end[0] if end else time.perf_counter()) - began
        end.append(time.perf_counter())
        self.say(f"{label}: {end[0] - began:.2f} s")

    @contextmanager
    def profiled(self) -> Iterator[None]:
        """With `--profile=1`, say which functions take the time of the block. It slows the block down."""
        if not self.option("profile", 0):
            yield
            return
        profile = cProfile.Profile()
        with profile:
            yield
        said = StringIO()
        pstats.Stats(profile, stream=said).sort_stats("cumulative").print_stats(60)
        self.say(said.getvalue())

    def result(
        self,
        name: str,
        *,
        n: int,
        value: float,
        unit: str,
        limit: float | None = None,
        aim: str | None = None,
    ) -> Result:
        """One line of the answer.

        `limit` is what the machine can do at best, measured in the same run and unit. `aim` is such as
        "<= 5" (of the value), or "ratio <= 5"; several are joined with "and".
        """
        return {"name": name, "n": n, "value": value, "unit": unit, "limit": limit, "aim": aim}


def judged(result: Result) -> Result:
    """The result with its ratio (how many times worse than the limit) and whether it meets its aim."""
    value, limit = float(result["value"]), result.get("limit")
    ratio = None
    if limit and value:
        ratio = round(float(limit) / value if result["unit"].endswith("/s") else value / float(limit), 2)
    ok = all(_holds(part, value, ratio) for part in (result.get("aim") or "").split(" and ") if part)
    return {
        "name": result["name"],
        "n": result["n"],
        "value": _short(value),
        "unit": result["unit"],
        "limit": _short(float(limit)) if limit else None,
        "ratio": ratio,
        "aim": result.get("aim"),
        "ok": ok,
    }


def _holds(aim: str, value: float, ratio: float | None) -> bool:
    found = _AIM.match(aim.strip())
    if found is None:
        raise ValueError(f"an aim reads like '<= 5' or 'ratio <= 5', not {aim!r}")
    measured = ratio if found["of"] == "ratio" else value
    return measured is not None and _COMPARE[found["sign"]](measured, float(found["bound"]))


def _short(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 10_000 else round(value)
