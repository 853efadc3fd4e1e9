"""Remove the demo company: drop its database and make it anew, empty. Refused where a real company exists."""

import json
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from psycopg2 import sql

from entities.models import Entity


class Command(BaseCommand):
    """What is on the trail cannot be deleted row by row, so the whole database goes."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Asked once, unless told otherwise."""
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, **options: Any) -> None:
        """Refuse, ask, drop, make anew."""
        refuse_unless_demo()
        name = connections["default"].settings_dict["NAME"]
        if not options["yes"]:
            answer = input(f"This drops the database {name} with everything in it. Type its name: ")
            if answer.strip() != name:
                raise CommandError("Nothing was removed.")
        recreate()
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(f"The demo is gone; {name} is empty. load_demo brings it back.")


def refuse_unless_demo() -> None:
    """The database must be marked as demo: it has companies, and each of them is a demo one."""
    real = Entity.objects.filter(is_demo=False).order_by("code").first()
    if real is not None:
        raise CommandError(f"{real} ({real.code}) is a real company; its database is never dropped.")
    if not Entity.objects.exists():
        raise CommandError("There is no demo company in this database.")


def recreate() -> None:
    """Drop the database and make it again without tables; remove the demo's documents and mails."""
    given = dict(connections["default"].get_connection_params())
    name = given.pop("dbname", None) or given.pop("database")
    given.pop("cursor_factory", None)
    connections.close_all()
    server = psycopg2.connect(dbname="postgres", **given)
    try:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    finally:
        server.close()
    for folder in (settings.MEDIA_ROOT, settings.MAIL_DIR):
        shutil.rmtree(folder, ignore_errors=True)
    # The marker stays, without logins: the next start must not bring the demo back by itself.
    marker = Path(settings.STATE_DIR) / "demo.json"
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps({"logins": [], "removed": True}))
