"""Load the demo company: a year of invoices and payments, made through the real operations."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from integrations.demo import tables
from integrations.demo.load import Unsound, load
from team.roles import BY_CODE


class Command(BaseCommand):
    """Load it into an empty database and note the logins for `./dev run`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much of it."""
        parser.add_argument("--scale", type=float, default=1.0, help="1 is about 1,500 invoices")

    def handle(self, **options: Any) -> None:
        """Load, check, note the logins."""
        began = time.monotonic()

        def say(words: str) -> None:
            self.stdout.write(f"{time.monotonic() - began:5.1f} s  {words}")
            self.stdout.flush()

        if not settings.DEMO:
            raise CommandError("The demo is loaded with DEMO=1 only: its password is public.")
        try:
            documents = load(now=timezone.now(), say=say, scale=options["scale"], side_by_side=True)
        except DomainError as refusal:
            raise CommandError(f"{refusal.message} {refusal.mend or ''}".strip()) from refusal
        except Unsound as fault:
            raise CommandError(f"The demo's book is unsound: {fault}") from fault
        marker = Path(settings.STATE_DIR) / "demo.json"
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(json.dumps({"logins": _logins()}, indent=1))
        say(f"{documents} documents, the book is sound")


def _logins() -> list[dict[str, str]]:
    seen: dict[str, dict[str, str]] = {}
    for row in tables.people():
        role = BY_CODE[row["role"]].name
        login = {"email": row["email"], "password": tables.PASSWORD, "role": role, "name": row["name"]}
        seen.setdefault(row["role"], login)
    return list(seen.values())
