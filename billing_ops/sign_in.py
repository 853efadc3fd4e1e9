"""How allauth behaves here."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class Adapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; nobody signs up.

    Mails and the counting of failed sign-ins do not follow the Host header, which anybody can write.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 (allauth's signature)
        """Always refused."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse | None:
        """A machine account has no sign-in, whatever way somebody found: a reset password, a passkey."""
        if user.is_machine:
            inactive: HttpResponse = self.respond_user_inactive(request, user)
            return inactive
        answer: HttpResponse | None = super().pre_login(request, user, **options)
        return answer

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of the mail, at our public address."""
        return _public(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link of the mail, at our public address."""
        return _public(super().get_email_confirmation_url(request, emailconfirmation))

    def format_email_subject(self, subject: str) -> str:
        """The subject under our name, not under that of the request's host."""
        return f"[{settings.BRAND}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The mail with our name where allauth's texts name the site."""
        site = SimpleNamespace(name=settings.BRAND, domain=urlsplit(settings.BASE_URL).netloc)
        super().send_mail(template_prefix, email, {"current_site": site} | context)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002
        """One count per account, whatever host the request names."""
        return str(credentials.get("email") or credentials.get("username") or "").lower()


def _public(url: str) -> str:
    """The same page at BASE_URL."""
    parts = urlsplit(url)
    return f"{settings.BASE_URL}{parts.path}{'?' if parts.query else ''}{parts.query}"
