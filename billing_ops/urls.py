"""All addresses. Each app's own are in its `urls.py`; those of its API in `api_urlpatterns` there."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

# App -> first part of its addresses. An app's urls.py names its namespace in `app_name`.
PREFIXES = {
    "core": "",
    "portal": "",
    "metrics": "",
    "integrations": "integrations/",
    "payments": "payments/",
    "invoices": "invoices/",
    "ledger": "ledger/",
    "catalogue": "catalogue/",
    "correspondence": "mail/",
    "customers": "customers/",
    "policies": "",
    "work": "",
    "entities": "entities/",
    "team": "team/",
    "trail": "trail/",
}


def _pages() -> list[URLPattern | URLResolver]:
    return [
        path(prefix, include(f"{app}.urls")) for app, prefix in PREFIXES.items() if find_spec(f"{app}.urls")
    ]


def _api() -> list[URLPattern | URLResolver]:
    modules = [import_module(f"{app}.urls") for app in PREFIXES if find_spec(f"{app}.urls")]
    return [pattern for module in modules for pattern in getattr(module, "api_urlpatterns", [])]


urlpatterns: list[URLPattern | URLResolver] = [
    *_pages(),
    path("api/v1/", include((_api(), "api"))),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
