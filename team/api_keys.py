"""Who calls the API: a key of an integration, or somebody signed in on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.permissions import SIGNED_IN, NotAllowed
from team.models import APIKey, User
from team.operations import authenticate_key
from team.queries import key_allows

if TYPE_CHECKING:
    # At run time these classes are loaded while rest_framework.views is.
    from rest_framework.views import APIView

_WINDOW_SECONDS = 60


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. Unknown, ended and revoked keys are refused alike."""

    def authenticate(self, request: Request) -> tuple[User, APIKey] | None:
        """(account, key); None when the header is not there."""
        header = request.headers.get("Authorization", "")
        scheme, _, raw = header.partition(" ")
        if not header:
            return None
        if scheme.lower() != "bearer" or not raw.strip():
            raise AuthenticationFailed("The header is Authorization: Bearer and a key.")
        key = authenticate_key(raw.strip(), now=timezone.now())
        if key is None:
            raise AuthenticationFailed("This key does not work: it is unknown, ended or revoked.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 (DRF's signature)
        """What a 401 asks for."""
        return 'Bearer realm="api"'


class MayAct(BasePermission):
    """Lets in who may do what the view's act for this method names.

    A key needs the scope, and its account the permission. Views have `acts`: {method: act}, each with a
    `.permission`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or NotAllowed names what is missing. Somebody unknown is False, which becomes 401."""
        if not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        act = getattr(view, "acts", {}).get(method)
        # A method without an act is refused right after this with 405.
        if act is not None and not may(request, act.permission):
            raise NotAllowed(act.permission)
        return True


def may(request: Request, permission: str) -> bool:
    """Whether this caller may do the act."""
    if permission == SIGNED_IN:
        return True
    if isinstance(request.auth, APIKey):
        return key_allows(request.auth, permission)
    return bool(request.user.has_perm(permission))


class KeyRate(BaseThrottle):
    """So many requests a minute per key, per person without one; counted in the cache, in fixed minutes."""

    def __init__(self) -> None:
        self._now = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 (DRF's signature)
        """Count this request, and say whether it is within the limit."""
        self._now = timezone.now().timestamp()
        who = f"key-{request.auth.pk}" if isinstance(request.auth, APIKey) else f"user-{request.user.pk}"
        name = f"api-rate:{who}:{int(self._now // _WINDOW_SECONDS)}"
        cache.add(name, 0, timeout=2 * _WINDOW_SECONDS)
        try:
            count = cache.incr(name)
        except ValueError:
            # The counter ended between the two calls: a new minute has begun.
            return True
        return bool(count <= settings.API_REQUESTS_PER_MINUTE)

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return _WINDOW_SECONDS - self._now % _WINDOW_SECONDS
