"""Worked cases: every case of a file must come out as written. VECTORS names another such file."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.vectors.adapters import ADAPTERS, NOT_YET

FILE = Path(os.environ.get("VECTORS") or Path(__file__).with_name("vectors.json"))
CASES = json.loads(FILE.read_text())["vectors"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_worked_case_comes_out_as_written(case):
    kind = case["kind"]
    if kind in NOT_YET:
        pytest.skip(f"not yet: {kind}")
    assert kind in ADAPTERS, f"no rule answers cases of the kind {kind}"

    assert ADAPTERS[kind](case["input"]) == case["expected"], case.get("note", "")


def test_every_kind_has_a_rule_or_is_named_as_not_yet():
    counts = Counter(case["kind"] for case in CASES)
    print(f"\n{FILE.name}: {len(CASES)} cases of {len(counts)} kinds")
    for kind, count in sorted(counts.items()):
        print(f"  {kind:16} {count:4}  {'not yet: ' + NOT_YET[kind] if kind in NOT_YET else 'rule'}")

    assert not set(counts) - set(ADAPTERS) - set(NOT_YET)
    assert not set(ADAPTERS) & set(NOT_YET)
