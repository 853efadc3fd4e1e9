"""The edges all pages share: who gets in, how a refusal looks, the reader's language and theme."""

from http import HTTPStatus
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from core.errors import Invalid, Refused, problem
from core.middleware import Pages, Reader
from core.permissions import SIGNED_IN, NotAllowed, allowed, mark_of, public


def reader(**fields):
    rights = fields.pop("rights", ())
    base = {"is_authenticated": True, "pk": 1, "language": "de", "time_zone": "Asia/Kolkata"}
    return SimpleNamespace(**base | fields, has_perm=lambda right: right in rights)


def request(user=None, **headers):
    made = RequestFactory().get("/somewhere?x=1", headers=headers)
    made.user = user or AnonymousUser()
    return made


@allowed("invoices.issue_invoice", "invoices.approve_invoice")
def guarded(_request):
    """Some page."""
    return HttpResponse("in")


def mark(view):
    found = mark_of(view)
    assert found is not None
    return found


def refuse(made, fault):
    answer = Pages(lambda _request: HttpResponse()).process_exception(made, fault)
    assert answer is not None
    return answer


def test_strangers_are_sent_to_the_sign_in_page_and_back():
    answer = guarded(request())
    assert answer.status_code == HTTPStatus.FOUND
    assert answer.url.endswith("?next=/somewhere%3Fx%3D1")


def test_a_right_opens_the_page_and_any_of_several_does():
    assert guarded(request(reader(rights=["invoices.approve_invoice"]))).content == b"in"


def test_without_the_right_the_refusal_names_it():
    with pytest.raises(NotAllowed) as refusal:
        guarded(request(reader()))
    assert refusal.value.permission == "invoices.issue_invoice"


def test_views_carry_their_marks():
    open_view = public("a token is the key")(lambda _request: HttpResponse())
    own_view = allowed(SIGNED_IN)(lambda _request: HttpResponse())

    assert mark(guarded).permission == "invoices.issue_invoice|invoices.approve_invoice"
    assert mark(open_view).is_public
    assert not getattr(open_view, "login_required", True)
    assert mark(own_view).permission == SIGNED_IN
    assert mark_of(lambda _request: None) is None
    with pytest.raises(ValueError, match="why"):
        public(" ")


def test_the_readers_language_and_time_zone_hold_for_the_request_alone():
    seen = []

    def view(_request):
        seen.append((translation.get_language(), str(timezone.get_current_timezone())))
        return HttpResponse()

    Reader(view)(request(reader()))
    Reader(view)(request(reader(language="", time_zone="Nowhere/Land")))

    assert seen == [("de", "Asia/Kolkata"), ("en", "UTC")]
    assert str(timezone.get_current_timezone()) == "UTC"


@pytest.mark.django_db
@pytest.mark.parametrize(("error", "status"), [(Refused, 409), (Invalid, 422)])
def test_a_refusal_is_a_page_that_says_why_and_how_to_mend_it(error, status, rf):
    fault = error("Not approved.", mend="Ask for it.", problems=[problem("No order"), problem("No VAT id")])
    answer = refuse(request(), fault)
    text = answer.content.decode()

    assert answer.status_code == status
    for words in ("Not approved.", "Ask for it.", "No order", "No VAT id"):
        assert words in text


@pytest.mark.django_db
def test_for_a_fragment_the_refusal_goes_to_the_top_of_the_page():
    answer = refuse(request(**{"HX-Request": "true"}), Refused("Not approved."))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert answer["HX-Retarget"] == "#notice"
    assert "<html" not in answer.content.decode()


def test_other_faults_are_not_hidden():
    assert Pages(lambda _request: HttpResponse()).process_exception(request(), KeyError("x")) is None


def test_caches_know_that_a_page_also_exists_as_a_fragment():
    assert "HX-Request" in Pages(lambda _request: HttpResponse())(request())["Vary"]


@pytest.mark.django_db
def test_the_theme_is_a_cookie_and_the_way_back_stays_on_this_site(client):
    url = reverse("core:theme")
    answer = client.post(url, {"theme": "dark", "next": "/invoices/?q=1"})
    assert (answer.status_code, answer.url) == (302, "/invoices/?q=1")
    assert client.cookies["theme"].value == "dark"

    assert client.post(url, {"theme": "dark", "next": "https://evil.example/"}).url == "/"
    assert client.post(url, {"theme": "pink"}, headers={"X-Requested-With": "fetch"}).status_code == 204
    assert client.cookies["theme"].value == "auto"


@pytest.mark.django_db
def test_the_theme_decides_when_the_dark_sheet_counts(client):
    page = client.get(reverse("account_login")).content.decode()
    assert 'media="(prefers-color-scheme: dark)"' in page
    client.cookies["theme"] = "dark"
    assert 'media="all"' in client.get(reverse("account_login")).content.decode()


@pytest.mark.django_db
def test_single_key_shortcuts_can_be_switched_off(client):
    client.post(reverse("core:keys"), {"keys": "off"})
    page = client.get(reverse("core:keyboard")).content.decode()
    assert "Switch single-key shortcuts on" in page


@pytest.mark.django_db
def test_an_unknown_address_has_a_page_that_helps(client):
    answer = client.get("/no/such/page")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert "This page is not here" in answer.content.decode()
