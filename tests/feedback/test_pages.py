"""What customers see and do, and what colleagues see of it: pages, the customer's card, the API."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from correspondence import links
from feedback import operations
from feedback.models import Answer, OptOut, Survey
from feedback.rules import SCALES
from portal.rate_words import RATE_TEXTS
from tests.api.client import Api, refused
from tests.factories import make_user
from tests.feedback.scene import asked, contact_of, entered
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def invoice(world):
    return world.issued("1000.00", now=NOW - timedelta(days=10))


def page_of(invoice, purpose=links.INVOICE, contact=None):
    return links.path_of(links.create_link(invoice, purpose=purpose, contact=contact, actor=None, now=NOW))


def stranger():
    return Client(enforce_csrf_checks=True)


def signed_in(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


# ------------------------------------------------------------------------------------------- the customer
def test_one_click_is_an_answer_and_words_can_follow_for_a_day(world, invoice, clock):
    path = page_of(invoice)
    assert RATE_TEXTS["en"]["rate_title"] in stranger().get(path).content.decode()
    page = stranger().post(f"{path}rate", {"score": 4}, follow=True).content.decode()
    assert "You gave 4 of 5" in page
    page = stranger().post(f"{path}rate", {"score": 2, "comment": SCRIPT, "line": 1}, follow=True)
    assert SCRIPT not in page.content.decode()
    assert "&lt;script&gt;" in page.content.decode()
    answer = Answer.objects.get()
    assert (answer.score, answer.comment, answer.line, answer.line_text) == (2, SCRIPT, 1, "Work package 1")

    clock.shift(timedelta(hours=25))
    page = stranger().get(path).content.decode()
    assert "You gave 2 of 5. Thank you." in page
    assert 'name="score"' not in page
    late = stranger().post(f"{path}rate", {"score": 5, "comment": "Now it works"})
    assert late.status_code == 422
    assert RATE_TEXTS["en"]["rate_late"] in late.content.decode()
    assert "Now it works" in late.content.decode()
    assert Answer.objects.get().score == 2


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"comment": "Typed"}, "rate_no"),
        ({"score": 9, "comment": "Typed"}, "rate_no"),
        ({"score": 3, "comment": "Typed" + "x" * 2000}, "rate_no"),
        ({"score": 3, "complaint": "on"}, "rate_no_words"),
    ],
)
def test_a_refused_answer_comes_back_as_typed(world, invoice, given, word):
    answer = stranger().post(f"{page_of(invoice)}rate", given)
    assert answer.status_code == 422
    assert RATE_TEXTS["en"][word] in answer.content.decode()
    assert given.get("comment", "") in answer.content.decode()
    assert not Answer.objects.exists()


def test_a_line_of_another_document_is_not_named(world, invoice):
    stranger().post(f"{page_of(invoice)}rate", {"score": 3, "line": 77})
    assert (Answer.objects.get().line, Answer.objects.get().line_text) == (None, "")


def test_the_look_of_staff_and_a_made_up_link_answer_nothing(world, invoice):
    stranger().post(f"{page_of(invoice, links.PREVIEW)}rate", {"score": 3})
    for path in ("/i/nothing/rate", f"/i/{'x' * 43}/rate", f"/survey/{'x' * 43}/answer"):
        assert stranger().post(path, {"score": 3}).status_code == 404
    survey = asked(world, contact=contact_of(world))
    token = links.token_of(survey.link)
    # A survey's token opens no invoice, and an invoice's no survey.
    assert stranger().post(f"/i/{token}/rate", {"score": 3}).status_code == 404
    other = page_of(invoice).split("/")[2]
    assert stranger().post(f"/survey/{other}/answer", {"score": 3}).status_code == 404
    assert not Answer.objects.exists()


@pytest.mark.parametrize("instrument", list(SCALES))
@pytest.mark.parametrize("language", list(RATE_TEXTS))
def test_a_survey_speaks_the_readers_language_and_its_scale(world, instrument, language):
    orla = contact_of(world, language=language)
    survey = asked(world, contact=orla, instrument=instrument)
    low, high = SCALES[instrument]
    page = stranger().get(links.path_of(survey.link)).content.decode()
    words = RATE_TEXTS[language]
    assert words[f"rate_{instrument}"].format(label=survey.label) in page
    for n in (low, high):
        assert words["rate_score"].format(n=n, most=high) in page
    assert page.count('name="score"') == high - low + 1


def test_a_survey_is_answered_and_ended_on_its_page(world):
    orla = contact_of(world)
    survey = asked(world, contact=orla)
    path = links.path_of(survey.link)
    page = stranger().post(f"{path}answer", {"score": 5, "comment": "Good"}, follow=True).content.decode()
    assert "You gave 5 of 5" in page
    page = stranger().post(f"{path}stop", follow=True).content.decode()
    assert RATE_TEXTS["en"]["survey_stopped"] in page
    assert OptOut.objects.get().contact == orla
    assert stranger().post(f"{path}answer", {"score": 1}).status_code == 422
    assert Answer.objects.get().score == 5


def test_no_surveys_is_a_preference_on_the_own_page(world, invoice):
    orla = contact_of(world)
    path = page_of(world.customer, links.OVERVIEW, orla)
    given = {"language": "", "channel": "email", "no_surveys": "on"}
    stranger().post(f"{path}preferences", given)
    assert OptOut.objects.get().contact == orla
    assert 'name="no_surveys" checked' in stranger().get(path).content.decode()
    assert 'name="score"' not in stranger().get(page_of(invoice, contact=orla)).content.decode()
    stranger().post(f"{path}preferences", given | {"no_surveys": ""})
    assert not OptOut.objects.exists()


def test_every_language_has_every_word_with_its_places():
    def places(text):
        return sorted(part.split("}")[0] for part in text.split("{")[1:])

    for language, words in RATE_TEXTS.items():
        assert words.keys() == RATE_TEXTS["en"].keys(), language
        for key, text in words.items():
            assert places(text) == places(RATE_TEXTS["en"][key]), (language, key)


# --------------------------------------------------------------------------------------------- colleagues
def test_colleagues_find_the_answer_and_its_complaint(world, invoice):
    stranger().post(f"{page_of(invoice)}rate", {"score": 1, "comment": SCRIPT, "complaint": "on"})
    client, answer = signed_in(world.clerk), Answer.objects.get()
    page = client.get(reverse("feedback:answers")).content.decode()
    assert str(invoice.number) in page
    assert SCRIPT not in page
    page = client.get(answer.get_absolute_url()).content.decode()
    assert answer.thread.reference in page
    assert SCRIPT not in page
    assert client.post(reverse("feedback:answered", args=[answer.pk]), {"how": ""}).status_code == 422
    client.post(reverse("feedback:answered", args=[answer.pk]), {"how": "Called them"})
    answer.refresh_from_db()
    assert answer.complaint_answered_at == NOW
    again = client.post(reverse("feedback:answered", args=[answer.pk]), {"how": "Once more"})
    assert again.status_code == 409
    assert "Once more" in again.content.decode()


def test_an_answer_is_typed_in_once_and_a_refused_one_keeps_what_was_typed(world, invoice):
    client, orla = signed_in(world.clerk), contact_of(world)
    path = reverse("feedback:enter")
    given = {
        "customer": world.customer.number, "contact": orla.pk, "occasion": "invoice",
        "number": invoice.number, "instrument": "csat", "score": "2", "comment": "Too late",
        "channel": "phone", "once": "a" * 32,
    }  # fmt: skip
    for change in ({"customer": "nobody"}, {"score": "9"}, {"score": ""}, {"channel": "page"}):
        answer = client.post(path, given | change)
        assert answer.status_code == 422
        assert "Too late" in answer.content.decode()
    assert not Answer.objects.exists()
    for _ in range(2):
        client.post(path, given)
    made = Answer.objects.get()
    assert (made.contact, made.subject, made.entered_by) == (orla, invoice, world.clerk)
    operations.stop_surveys(orla, actor=None, now=NOW)
    assert client.post(path, given | {"once": "b" * 32}).status_code == 409


def test_the_customers_card_asks_once_and_notes_who_wants_none(world):
    client, orla = signed_in(world.clerk), contact_of(world)
    entered(world, 5, comment="Fine")
    card = client.get(reverse("feedback:customer_panel", args=[world.customer.pk])).content.decode()
    assert "Fine" in card
    for once in ("a" * 32, "b" * 32):
        client.post(
            reverse("feedback:ask", args=[world.customer.pk]),
            {"contact": orla.pk, "instrument": "nps", "once": once},
        )
    assert Survey.objects.get().instrument == "nps"
    client.post(reverse("feedback:wish", args=[orla.pk]), {"ask": "0"})
    assert OptOut.objects.get().by == world.clerk
    client.post(reverse("feedback:wish", args=[orla.pk]), {"ask": "1"})
    assert not OptOut.objects.exists()
    assert "none yet" in client.get(reverse("feedback:surveys")).content.decode()


def test_lists_stay_cheap(world, django_assert_max_num_queries):
    for n in range(12):
        entered(world, n % 5 + 1, comment="Words", is_complaint=n % 2 == 0)
    client = signed_in(world.lead)
    for path in (
        reverse("feedback:answers"),
        reverse("feedback:surveys"),
        Answer.objects.first().get_absolute_url(),
    ):
        with django_assert_max_num_queries(30):
            assert client.get(path).status_code == 200


def test_who_may_not_read_or_enter_is_kept_out(world):
    answer = entered(world)
    reader, outsider = signed_in(make_user("auditor")), signed_in(make_user("administrator"))
    assert reader.get(answer.get_absolute_url()).status_code == 200
    assert reader.post(reverse("feedback:flag", args=[answer.pk])).status_code == 403
    assert reader.get(reverse("feedback:enter")).status_code == 403
    assert outsider.get(reverse("feedback:answers")).status_code == 403


def test_the_api_reads_answers_and_takes_what_was_said_elsewhere(world, invoice):
    api, orla = Api(world.clerk), contact_of(world)
    body = {"customer": world.customer.pk, "contact": orla.pk, "invoice": invoice.pk, "occasion": "invoice",
            "instrument": "csat", "score": 2, "comment": "Late", "channel": "mail"}  # fmt: skip
    made = api.send("POST", "answers/", body)
    assert made.status_code == 201, made.content
    assert made.json()["about"] == str(invoice)[:160]
    assert [one["score"] for one in api.get("answers/?instrument=csat")["items"]] == [2]
    assert api.get("answers/?instrument=nps")["items"] == []
    refused(api.send("POST", "answers/", body | {"score": 6}), 422, field="score", rule="score_in_range")
    operations.stop_surveys(orla, actor=None, now=NOW)
    refused(api.send("POST", "answers/", body), 409, rule="who_wants_no_surveys_is_left_alone")
    assert Answer.objects.count() == 1
