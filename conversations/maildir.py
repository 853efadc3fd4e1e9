"""A folder mail is dropped into (Maildir): claimed by renaming, so that of two workers one has the file.

new/ -> claimed/ -> done/, or broken/ with the reason beside it. A claim whose worker died goes back to new/
after ten minutes; taken twice, a mail is one mail, because its Message-ID is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NEW, CLAIMED, DONE, BROKEN = "new", "claimed", "done", "broken"
STALE_SECONDS = 600


class Maildir:
    """One watched folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make its folders, for nobody else to read."""
        for name in (NEW, "cur", "tmp", CLAIMED, DONE, BROKEN):
            (self.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def claim(self, most: int) -> Iterator[Path]:
        """Up to `most` files, each claimed for this worker; those another worker took are passed over."""
        self._give_back_stale()
        taken = 0
        for place in (NEW, "cur"):
            for path in sorted((self.root / place).iterdir()):
                if taken >= most:
                    return
                if path.name.startswith(".") or not path.is_file() or path.is_symlink():
                    continue
                target = self.root / CLAIMED / path.name
                try:
                    path.rename(target)
                except FileNotFoundError:
                    continue  # another worker was faster
                os.utime(target)  # the claim begins now
                taken += 1
                yield target

    def finish(self, path: Path) -> Path:
        """Its mail is in the database."""
        return path.rename(self.root / DONE / path.name)

    def set_aside(self, path: Path, reason: str) -> Path:
        """Nobody can read it: kept, with the reason beside it."""
        target = self.root / BROKEN / path.name
        target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n")
        return path.rename(target)

    def put_broken(self, name: str, raw: bytes, reason: str) -> Path:
        """Keep a broken mail that came by another door."""
        self.prepare()
        target = self.root / BROKEN / name
        target.write_bytes(raw)
        target.with_name(f"{name}.reason.txt").write_text(f"{reason}\n")
        return target

    def _give_back_stale(self) -> None:
        for path in (self.root / CLAIMED).iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.rename(self.root / NEW / path.name)
