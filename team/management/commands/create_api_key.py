"""Create an API key from the command line, for example while setting up an integration."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from team.models import User
from team.operations import create_key
from team.queries import scopes_for


class Command(BaseCommand):
    """`./dev manage create_api_key EMAIL NAME --scope invoices.view_invoice`"""

    help = "Create an API key for an account. The key is printed once and kept only as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Account, name, scopes and life of the key."""
        parser.add_argument("email", help="the account the key acts for")
        parser.add_argument("name", help="what uses the key")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            metavar="APP.ACT",
            help="repeat; default: all of the account",
        )
        parser.add_argument("--days", type=int, default=90, help="days until it expires (at most 366)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Create the key and print it alone on standard output."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        now = timezone.now()
        try:
            key, raw = create_key(
                user,
                name=options["name"],
                scopes=options["scope"] or [scope for scope, _ in scopes_for(user)],
                expires_at=now + timedelta(days=options["days"]),
                actor=None,
                now=now,
            )
        except DomainError as fault:
            raise CommandError(f"{fault.message} {fault.mend or ''}".strip()) from fault
        self.stderr.write(
            f"{key} acts for {user.email} until {key.expires_at:%d %b %Y}. It is shown only now:"
        )
        self.stdout.write(raw)
