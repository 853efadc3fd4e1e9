"""For the orchestrator's health checks of processes that have no port."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics import health


class Command(BaseCommand):
    """Fail when the worker or the clock gave no sign of life lately."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which one."""
        parser.add_argument("part", choices=["worker", "beat"])

    def handle(self, *, part: str, **_: Any) -> None:
        """Say how long ago its last sign was."""
        finding = next(finding for finding in health.report() if finding.name == part)
        if not finding.ok:
            raise CommandError(f"{finding.label}: {finding.value or finding.note}")
        self.stdout.write(f"{finding.label}: {finding.value} {finding.unit} ago")
