"""All addresses. Each app's own are in its `urls.py`, those of its API in its `api_urls.py`."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from core.permissions import public
from core.rest import docs
from core.rest.problems import not_found
from metrics.views import find

# App -> first part of its addresses. An app's urls.py names its namespace in `app_name`.
PREFIXES = {
    "core": "",
    "portal": "",
    "metrics": "",
    "integrations": "",
    "payments": "",
    "payouts": "payouts/",
    "banking": "bank/",
    "checkout": "",
    "invoices": "invoices/",
    "ledger": "ledger/",
    "closing": "month-end/",
    "catalogue": "catalogue/",
    "correspondence": "mail/",
    "conversations": "inquiries/",
    "charges": "charges/",
    "contracts": "contracts/",
    "statements": "statements/",
    "reminders": "reminders/",
    "cases": "collect/",
    "feedback": "feedback/",
    "disputes": "disputes/",
    "notices": "notices/",
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
    modules = [import_module(f"{app}.api_urls") for app in PREFIXES if find_spec(f"{app}.api_urls")]
    patterns = [pattern for module in modules for pattern in module.urlpatterns]
    # Whatever else is asked below api/v1/ gets its 404 as JSON.
    return [*patterns, re_path("", public("it only says that nothing is here")(csrf_exempt(not_found)))]


urlpatterns: list[URLPattern | URLResolver] = [
    *_pages(),
    path("search", find, name="search"),
    path("api/v1/", include((_api(), "api"))),
    path("api/schema/", docs.schema, name="schema"),
    path("api/docs/", docs.docs, name="api_docs"),
    # Administrators change addresses. allauth's page would, when opened, note the address as unconfirmed, and
    # then refuse a second factor.
    path("accounts/email/", RedirectView.as_view(pattern_name="team:profile")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
