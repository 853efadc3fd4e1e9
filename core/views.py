"""Pages that belong to no noun: theme, keyboard help, error pages."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from core.context import KEYS_COOKIE, THEME_COOKIE, THEMES
from core.permissions import NotAllowed, public

A_YEAR = 365 * 24 * 3600


@require_POST
@public("the theme is a cookie of the browser; the sign-in and customer pages have it too")
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or auto in a cookie, and go back to where the reader was."""
    chosen = request.POST.get("theme", "auto")
    response = _back(request)
    _remember(response, THEME_COOKIE, chosen if chosen in THEMES else "auto", request)
    return response


@require_POST
@public("single-key shortcuts are a cookie of the browser")
def keys(request: HttpRequest) -> HttpResponse:
    """Switch the single-key shortcuts on or off (WCAG 2.1.4)."""
    response = _back(request)
    _remember(response, KEYS_COOKIE, "off" if request.POST.get("keys") == "off" else "on", request)
    return response


@require_GET
@public("the list of keyboard shortcuts holds no data")
def keyboard(request: HttpRequest) -> HttpResponse:
    """The keyboard shortcuts, as a page for those without scripts."""
    return render(request, "core/keyboard.html")


def _remember(response: HttpResponse, name: str, value: str, request: HttpRequest) -> None:
    response.set_cookie(
        name, value, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
    )


def _back(request: HttpRequest) -> HttpResponse:
    """204 for scripts; for others a redirect to `next`, when it lies on this site."""
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=204)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if safe else "/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """handler400."""
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403: names the right that is missing, in the words of the permission."""
    missing = _permission_name(exception.permission) if isinstance(exception, NotAllowed) else ""
    return render(request, "403.html", {"missing": missing}, status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """CSRF_FAILURE_VIEW: the form was too old or came from elsewhere."""
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """handler404."""
    return render(request, "404.html", status=404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """429, for pages that limit how often they answer."""
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a static page, because whatever broke may break the layout as well."""
    return render(request, "500.html", status=500)


def _permission_name(permission: str) -> str:
    """`invoices.issue_invoice` -> its name for people, or the codename when it has none."""
    app, _, codename = permission.partition(".")
    found = Permission.objects.filter(content_type__app_label=app, codename=codename).first()
    return found.name if found else codename.replace("_", " ")
