"""A migrated cluster kept between runs, so that one test starts in seconds and not after all migrations.

The key is what makes the tables: every migration, the tax rates loaded with them, and the lock (Django's
own, the engine). Whatever else the code writes after migrating (permissions, content types) is brought up to
date by `migrate`, which is cheap when nothing is to be applied. The kept files are a copy of a cluster that
was stopped cleanly; without them, or without a place for them, a run makes its own.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_KEPT = 4
_MOST_LOG = 256 * 1024**2
"""A whole run leaves gigabytes of write-ahead log; a short one follows soon enough."""


def restore(data: Path) -> bool:
    """Copy the kept cluster to the folder `data`, which is not there yet; say whether there was one."""
    kept = _place()
    if not kept.exists():
        return False
    data.parent.mkdir(parents=True, exist_ok=True)
    return (
        subprocess.run(["cp", "-a", str(kept), str(data)], check=False, capture_output=True).returncode == 0
    )


def keep(data: Path) -> None:
    """Keep a stopped cluster for the next run. Best effort: without room for it nothing is kept."""
    kept = _place()
    if not data.exists() or (data / "postmaster.pid").exists():
        return
    log = sum(one.stat().st_size for one in (data / "pg_wal").iterdir() if one.is_file())
    if kept.exists() or log > _MOST_LOG:
        return
    try:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = Path(tempfile.mkdtemp(prefix="half-", dir=kept.parent))
    except OSError:
        return
    done = subprocess.run(["cp", "-a", f"{data}/.", str(half)], check=False, capture_output=True)
    if done.returncode == 0 and not kept.exists():
        half.rename(kept)
    shutil.rmtree(half, ignore_errors=True)
    for old in sorted(kept.parent.glob("cluster-*"), key=lambda one: one.stat().st_ctime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _place() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return base / "billing-ops" / f"cluster-{_key()}"


def _key() -> str:
    digest = hashlib.sha256(sys.version.encode())
    rates = sorted(ROOT.glob("catalogue/data/*.csv"))
    for path in (*sorted(ROOT.glob("*/migrations/*.py")), *rates, ROOT / "requirements-dev.txt"):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
