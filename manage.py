#!/usr/bin/env python
"""Django's command line; `./dev manage COMMAND` runs it in the project's environment.

Where no DATABASE_URL or REDIS_URL is given, our own engines run for the time of the command, unless
`./dev run` has them running already.
"""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

# These ask no engine, or start theirs themselves.
WITHOUT_ENGINES = {
    "",
    "--help",
    "help",
    "check",
    "collectstatic",
    "compilemessages",
    "findstatic",
    "makemessages",
    "spectacular",
    "up",
    "version",
}


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_ops.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from billing_ops import embedded

    command = sys.argv[1] if len(sys.argv) > 1 else ""
    engines: AbstractContextManager[None] = nullcontext()
    if command not in WITHOUT_ENGINES and (settings.EMBEDDED_POSTGRES or settings.EMBEDDED_VALKEY):
        wanted = embedded.engines(
            settings.STATE_DIR, postgres=settings.EMBEDDED_POSTGRES, valkey=settings.EMBEDDED_VALKEY
        )
        engines = embedded.running(wanted, settings.DATABASES["default"]["NAME"])
    with engines:
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
