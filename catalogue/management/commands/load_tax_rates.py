"""Bring in the reference tax rates. Safe to run again after every update."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from catalogue import operations, reference


class Command(BaseCommand):
    """`./dev manage load_tax_rates`"""

    help = "Load the reference tax rates (EU and UK VAT, Indian GST, US state sales tax). Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Load and say how many were new."""
        added, known = operations.load_tax_rates(reference.tax_rates(), actor=None, now=timezone.now())
        self.stdout.write(f"{added} rates added, {known} were there already.")
