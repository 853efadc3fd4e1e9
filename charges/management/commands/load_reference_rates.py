"""Bring in the published reference rates. Safe to run again after every update."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from charges import operations, reference


class Command(BaseCommand):
    """`./dev manage load_reference_rates`"""

    help = "Load the reference rates of late interest (ECB, Bundesbank, Bank of England, RBI). Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Load and say how many were new."""
        added = operations.load_rates(reference.reference_rates(), actor=None, now=timezone.now())
        self.stdout.write(f"{added} rates added.")
