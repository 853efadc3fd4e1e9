"""What is open to everybody, or to everybody signed in, is a short list somebody wrote on purpose."""

from core.permissions import SIGNED_IN, mark_of
from tests.core.test_routes import own_routes, routes
from tests.security.stage import routes as named_routes

OPEN_TO_ALL = {
    "core:theme",
    "core:keys",
    "core:keyboard",
    "conversations:door",
    "correspondence:reports",
    "entities:logo",
    "metrics:healthz",
    "metrics:readyz",
    "policies:public",
    "policies:public_text",
    "portal:invoice",
    "portal:pdf",
    "portal:calendar",
    "portal:logo",
    "portal:promise",
    "portal:ask",
    "portal:answer",
    "portal:dispute",
    "portal:dispute_answer",
    "portal:dispute_unsolved",
    "portal:dispute_withdraw",
    "portal:overview",
    "portal:ask_link",
    "portal:confirm",
    "portal:confirm_now",
    "portal:my_accept",
    "portal:my_answer",
    "portal:my_calendar",
    "portal:my_email",
    "portal:my_invoice",
    "portal:my_person",
    "portal:my_preferences",
    "portal:my_statement",
    "portal:my_statement_new",
    "",  # what else stands below /i/: it says that nothing is there
    # The gateway signs; customers come back by a handle; the demo's stand-in for a hosted page.
    "checkout:events",
    "checkout:back",
    "checkout:demo",
    "checkout:demo_pay",
    "checkout:demo_cancel",
    "portal:pay",
    "portal:rate",
    "portal:survey",
    "portal:survey_answer",
    "portal:survey_stop",
}
OPEN_TO_SIGNED_IN = {
    "metrics:home",
    "search",
    "team:profile",
    "team:second_factor",
    "team:absences",
    "team:add_absence",
    "team:cancel_absence",
    "team:roles",
    "team:limits",
    "work:list",
    "work:act",
    "notices:list",
    "notices:acknowledge",
    "notices:detail",
    "notices:watch",
    "notices:read_all",
    "work:needs",
    "work:jobs",
    "work:job",
    "work:cancel",
    "work:failures",
}


def api_routes():
    from django.urls import get_resolver

    return [(path, view) for path, view in routes(get_resolver()) if path.startswith("api/v1/")]


def test_what_strangers_may_open_is_known():
    found = {route.name for route in named_routes() if route.mark.is_public}

    assert found == OPEN_TO_ALL, "A page for strangers is added here on purpose"


def test_what_needs_no_right_is_known():
    found = {route.name for route in named_routes() if route.mark.permission == SIGNED_IN}

    assert found == OPEN_TO_SIGNED_IN, "A page without a right of its own is added here on purpose"


def test_a_public_page_says_why_in_words():
    short = [
        path
        for path, view in own_routes()
        if (mark := mark_of(view)) and mark.is_public and len(mark.public_reason.split()) < 4
    ]

    assert not short


def test_every_address_of_the_api_names_its_right():
    unmarked = [path for path, view in api_routes() if mark_of(view) is None]

    assert api_routes()
    assert not unmarked


def test_only_the_api_does_without_the_token_of_forms():
    """Its requests carry a key, or a session that DRF checks itself; mail providers send a secret.

    A gateway signs what it sends; what stands under pay/demo/ is there in the demo alone.

    A customer has no session: the secret address is what lets them act, and nobody else can name it.
    """
    exempt = [path for path, view in own_routes() if getattr(view, "csrf_exempt", False)]

    assert sorted(exempt) == [
        "confirm/<str:token>/now",
        "i/<str:token>/ask",
        "i/<str:token>/dispute",
        "i/<str:token>/disputes/<int:pk>/answer",
        "i/<str:token>/disputes/<int:pk>/unsolved",
        "i/<str:token>/disputes/<int:pk>/withdraw",
        "i/<str:token>/pay",
        "i/<str:token>/promise",
        "i/<str:token>/rate",
        "i/<str:token>/talks/<int:pk>/answer",
        "inquiries/mail/<str:provider>/",
        "mail/reports/<slug:provider>/",
        "my/<str:token>/email",
        "my/<str:token>/person",
        "my/<str:token>/plans/<int:pk>/accept",
        "my/<str:token>/preferences",
        "my/<str:token>/statements",
        "my/<str:token>/talks/<int:pk>/answer",
        "pay/demo/<str:handle>/left/",
        "pay/demo/<str:handle>/paid/",
        "pay/events/<str:code>/",
        "survey/<str:token>/answer",
        "survey/<str:token>/stop",
    ]
