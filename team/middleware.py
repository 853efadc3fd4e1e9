"""Nobody whose role moves money works with a password alone."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from core.permissions import mark_of
from team.queries import has_second_factor, needs_second_factor

# Signing out, proving the password again, and allauth's own pages to set up the second factor.
_OPEN_NAMES = frozenset({"account_logout", "account_reauthenticate", "second_factor"})


class SecondFactor:
    """Send people who need a second factor and have none to its set-up, whatever page they asked for.

    Off in the demo (`DEMO`). API keys are not asked: they belong to scopes, expire and have no password.
    Stands after AuthenticationMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing to do before the view is known."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: Any,  # noqa: ARG002 (Django's signature)
        kwargs: Any,  # noqa: ARG002
    ) -> HttpResponse | None:
        """The set-up page instead of the view; 403 in words for the API."""
        if settings.DEMO or not request.user.is_authenticated or self._is_open(request, view):
            return None
        if not needs_second_factor(request.user) or has_second_factor(request.user):
            return None
        if request.path.startswith("/api/"):
            detail = "Your role moves money: set up a second factor on the screen first."
            return JsonResponse(
                {"type": "about:blank", "title": "Second factor needed", "status": 403, "detail": detail},
                status=403,
                content_type="application/problem+json",
            )
        return redirect("team:second_factor")

    @staticmethod
    def _is_open(request: HttpRequest, view: Callable[..., Any]) -> bool:
        name = (request.resolver_match.url_name or "") if request.resolver_match else ""
        mark = mark_of(view)
        return name.startswith("mfa_") or name in _OPEN_NAMES or (mark is not None and mark.is_public)
