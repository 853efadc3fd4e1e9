"""Every route says who may use it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from core.permissions import SIGNED_IN, mark_of
from team.roles import ROLES

# Packages whose views have their own guard.
FOREIGN = {
    "allauth.": "sign-in pages; what needs a session asks for it",
    "django.contrib.admin.": "staff only, read only",
    "django.contrib.contenttypes.": "the admin's links to the site",
    "rest_framework.": "the API's own permission classes",
    "drf_spectacular.": "the API's own permission classes",
    "django.views.": "redirects and static pages",
}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Address and view of every route."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), pattern.callback
        else:
            yield from routes(pattern, prefix + str(pattern.pattern))


def own_routes() -> list[tuple[str, Any]]:
    return [
        (address, view)
        for address, view in routes(get_resolver())
        if not getattr(view, "__module__", "").startswith(tuple(FOREIGN)) and not address.startswith("api/")
    ]


def test_every_route_names_a_permission_or_says_why_it_is_public():
    unmarked = [address for address, view in own_routes() if mark_of(view) is None]
    assert not unmarked, f"Neither @allowed nor @public: {unmarked}"


@pytest.mark.django_db
def test_every_permission_a_route_names_exists():
    from django.contrib.auth.models import Permission

    known = {
        f"{one.content_type.app_label}.{one.codename}"
        for one in Permission.objects.select_related("content_type")
    }
    marks = {
        address: mark.permission
        for address, view in own_routes()
        if (mark := mark_of(view)) and mark.permission
    }
    unknown = {
        address: name
        for address, names in marks.items()
        for name in names.split("|")
        if name != SIGNED_IN and name not in known
    }
    assert not unknown, f"No such permission: {unknown}"


def test_every_permission_a_route_names_is_held_by_some_role():
    held = {act for role in ROLES for act in role.acts}
    marks = {mark.permission for _, view in own_routes() if (mark := mark_of(view)) and mark.permission}
    unreachable = [names for names in marks if SIGNED_IN not in names and not held & set(names.split("|"))]
    assert not unreachable, f"Nobody may open what asks for: {unreachable}"
