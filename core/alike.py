"""Many failures with few reasons: each reason once, with how many rows it concerns and which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as kept

SHOWN = 12
_LINE = "line "


@dataclass
class Reason:
    """One reason and its rows, in the order they came. `url` leads to the row where there is only one."""

    field: str
    message: str
    mend: str
    url: str = ""
    rows: list[str] = kept(default_factory=list)

    @property
    def count(self) -> int:
        """How many rows it concerns."""
        return len(self.rows)

    @property
    def where(self) -> str:
        """ "Line 4", "Lines 4, 7–9 and 31 more", "INV-1, INV-2"; "" where no row is named."""
        named = [row for row in self.rows if row]
        if not named or not all(row.startswith(_LINE) for row in named):
            return _listed(named, len(named))
        numbers = sorted({int(row.removeprefix(_LINE)) for row in named})
        runs = _runs(numbers)
        words = [f"{first}–{last}" if last > first else str(first) for first, last in runs]
        shown = sum(last - first + 1 for first, last in runs[:SHOWN])
        return f"{'Lines' if len(numbers) > 1 else 'Line'} {_listed(words, len(numbers), shown)}"


def by_reason(failures: Iterable[Mapping[str, str]]) -> list[Reason]:
    """Failures {row, field, message, mend, url} grouped by what is said of them, the first reason first."""
    found: dict[tuple[str, str, str], Reason] = {}
    for one in failures:
        key = (one.get("field", ""), one.get("message", ""), one.get("mend", ""))
        reason = found.setdefault(key, Reason(*key, url=one.get("url", "")))
        reason.rows.append(one.get("row", ""))
    return list(found.values())


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _listed(words: list[str], total: int, shown: int = SHOWN) -> str:
    more = total - shown if len(words) > SHOWN else 0
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more else "")
