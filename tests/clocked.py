"""`python -m tests.clocked 2026-12-16T09:00:00 celery …`: a program whose clock shows that time, and goes on.

Celery's children are forked from it, so theirs shows the same.
"""

import runpy
import sys
from datetime import UTC, datetime

import time_machine

if __name__ == "__main__":
    started = datetime.fromisoformat(sys.argv[1]).replace(tzinfo=UTC)
    time_machine.travel(started, tick=True).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
