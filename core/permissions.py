"""Who may open a view. Every route names a permission, or says why it is public; a test walks the URLs.

@allowed("invoices.issue_invoice")
def issue(request, pk): ...

@public("the customer opens it from a mail; the token in the address is the key")
def invoice_page(request, token): ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., Any])

SIGNED_IN = "signed_in"
"""The mark of views open to everybody who signed in, whatever the role: search, own profile, help."""


class NotAllowed(PermissionDenied):
    """Signed in, but without the named permission. The 403 page says which one is missing."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


@dataclass(frozen=True)
class Mark:
    """What a view says about its readers: a permission, or the reason why it is public."""

    permission: str = ""
    public_reason: str = ""

    @property
    def is_public(self) -> bool:
        return bool(self.public_reason)


def allowed(*permissions: str) -> Callable[[View], View]:
    """Let in people who hold one of `permissions` ("app.codename"), or anybody signed in for SIGNED_IN.

    Others get the sign-in page, or NotAllowed (403) when they are signed in. The view carries the mark
    as `.permission` (several joined with "|").
    """
    if not permissions:
        raise ValueError("Name a permission, or SIGNED_IN.")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if SIGNED_IN not in permissions and not any(map(request.user.has_perm, permissions)):
                raise NotAllowed(permissions[0])
            response: HttpResponseBase = view(request, *args, **kwargs)
            return response

        guarded.permission = "|".join(permissions)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(reason: str) -> Callable[[View], View]:
    """Open the view to everybody, without sign-in. `reason` says why that is right."""
    if not reason.strip():
        raise ValueError("A public view says why it is public.")

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **kwargs)

        opened.public_reason = reason  # type: ignore[attr-defined]
        return login_not_required(opened)  # type: ignore[return-value]

    return decorate


def may_open(view: Callable[..., Any], user: Any) -> bool:
    """Would the view let this person in? Unmarked views are closed."""
    mark = mark_of(view)
    if mark is None:
        return False
    names = mark.permission.split("|")
    return mark.is_public or SIGNED_IN in names or any(map(user.has_perm, names))


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """The mark of a URL's callback, looked up on the function and on its view class; None = unmarked."""
    for place in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        permission = getattr(place, "permission", "")
        reason = getattr(place, "public_reason", "")
        if permission or reason:
            return Mark(permission=permission, public_reason=reason)
    return None
