"""The benchmark runner: what it lists, how it judges."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as runner
from bench.context import Context, judged
from tests.processes import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("unit", "value", "limit", "aim", "ratio", "ok"),
    [
        ("ms", 4.0, None, "<= 5", None, True),
        ("ms", 6.0, None, "<= 5", None, False),
        ("/s", 3000.0, 15000.0, ">= 3000 and ratio <= 5", 5.0, True),
        ("/s", 2999.0, 15000.0, ">= 3000", 5.0, False),
        ("us", 300.0, 67.0, "ratio <= 5", 4.48, True),
        ("us", 400.0, 67.0, "ratio <= 5", 5.97, False),
        ("us", 400.0, None, "ratio <= 5", None, False),
        ("ms", 400.0, None, None, None, True),
    ],
)
def test_a_result_is_judged_by_its_aim(unit, value, limit, aim, ratio, ok):
    ctx = Context("x", Path("/"))
    result = judged(ctx.result("r", n=1, value=value, unit=unit, limit=limit, aim=aim))

    assert list(result) == ["name", "n", "value", "unit", "limit", "ratio", "aim", "ok"]
    assert (result["ratio"], result["ok"]) == (ratio, ok)


def test_an_aim_that_cannot_be_read_is_an_error():
    with pytest.raises(ValueError, match="an aim reads like"):
        judged(Context("x", Path("/")).result("r", n=1, value=1, unit="ms", aim="fast"))


def test_options_are_numbers():
    ctx = Context("x", Path("/"), ["--size=1_000", "--clients", "2"])
    assert (ctx.option("size", 5), ctx.option("clients", 1), ctx.option("other", 7)) == (1000, 2, 7)


def test_without_a_name_they_are_listed():
    done = subprocess.run(
        [sys.executable, "-m", "bench"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(runner.known())
    unknown = subprocess.run(
        [sys.executable, "-m", "bench", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert unknown.returncode != 0
    assert "No benchmark 'nothing'" in unknown.stderr


@pytest.mark.slow
def test_the_last_line_is_one_object(tmp_path, monkeypatch):
    """A benchmark of our own on real engines, in a process of its own."""
    (tmp_path / "own_bench.py").write_text(
        "from django.contrib.auth import get_user_model\n"
        "def run(ctx):\n"
        "    count = get_user_model().objects.count()\n"
        "    return [ctx.result('people', n=1, value=count, unit='rows', aim='<= 0')]\n"
    )
    code = (
        "import sys, pathlib\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import own_bench, bench\n"
        "sys.modules['bench.own_bench'] = own_bench\n"
        "from bench import __main__ as runner\n"
        "runner.known = lambda: {'own_bench': ''}\n"
        "sys.exit(runner.main(['own_bench']))\n"
    )
    env = environment(STATE_DIR=os.environ["TEST_FOLDER"])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["bench"] == "own_bench"
    assert said["machine"]["cpus"]
    assert said["results"][0]["ok"] is True
