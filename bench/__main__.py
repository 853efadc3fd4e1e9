"""`./dev bench` lists the benchmarks; `./dev bench NAME [--keep DIR] [options]` runs one.

The last line printed is one JSON object with the results and whether each meets its aim. Every run starts
private engines that write to disk like the real ones; `--keep DIR` leaves their data there for the next run.
"""

import ast
import importlib
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from bench.context import Context, judged
from billing_ops import embedded

FOLDER = Path(__file__).resolve().parent
NOT_BENCHES = {"__init__", "__main__", "context"}
DATABASE = "billing_ops_bench"


def main(arguments: list[str]) -> int:
    """List or run; exit status 1 when an aim is missed."""
    benches = known()
    if not arguments:
        for name, purpose in benches.items():
            print(f"{name:<12} {purpose}")
        return 0
    name, *options = arguments
    if not name.startswith("_") and name not in benches:
        sys.exit(f"No benchmark {name!r}. There are: {', '.join(benches) or 'none yet'}")
    keep, options = _take_keep(options)
    state = keep or Path(tempfile.mkdtemp(prefix="bench-", dir=_disk()))
    state.chmod(0o711)
    try:
        return run(name, state, options)
    finally:
        if not keep:
            shutil.rmtree(state, ignore_errors=True)
            shutil.rmtree(embedded.engine_home(state), ignore_errors=True)


def known() -> dict[str, str]:
    """Name -> first line of the docstring, without importing anything. Names that begin with _ are parts."""
    files = sorted(path for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHES)
    found = {path.stem: ast.get_docstring(ast.parse(path.read_text())) or "" for path in files}
    return {name: text.partition("\n")[0] for name, text in found.items() if not name.startswith("_")}


def run(name: str, state: Path, options: list[str]) -> int:
    """Start engines, migrate, measure, print the object."""
    with embedded.Postgres(state) as postgres, embedded.Valkey(state) as valkey:
        postgres.create(DATABASE)
        os.environ.update(
            DATABASE_URL=postgres.url(DATABASE),
            REDIS_URL=valkey.url(),
            STATE_DIR=str(state),
            SECRET_KEY="only-for-benchmarks-" + "0" * 50,
            DEMO="1",
            DEBUG="0",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="billing_ops.settings",
        )
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", interactive=False, verbosity=0)
        results = [
            judged(result)
            for result in importlib.import_module(f"bench.{name}").run(Context(name, state, options))
        ]
        connections.close_all()
    print(json.dumps({"bench": name, "machine": machine(), "results": results}), flush=True)
    return 0 if all(result["ok"] for result in results) else 1


def machine() -> dict[str, object]:
    """What the figures depend on."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(pages * page / 1024**3, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _disk() -> Path:
    """A folder on the disk the product would use; memory would flatter the figures."""
    folder = Path(os.environ.get("STATE_DIR") or FOLDER.parent / "var") / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _take_keep(options: list[str]) -> tuple[Path | None, list[str]]:
    if "--keep" not in options:
        return None, options
    at = options.index("--keep")
    folder = Path(options[at + 1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder, options[:at] + options[at + 2 :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
