"""Pages of policies: by role, the editor, the public text."""

import hashlib
import re

import pytest
from django.core.cache import cache

from policies.models import PolicyVersion
from policies.operations import approve_version, draft_version, edit_version, publish_version, submit_version
from team.roles import ROLES
from tests.factories import NOW, make_entity, make_user
from tests.policies.test_lifecycle import EARLIEST, make_policy, next_version, published

pytestmark = pytest.mark.django_db
READERS = {role.code for role in ROLES if "policies.view_policy" in role.acts}
WRITERS = {role.code for role in ROLES if "policies.write_policy" in role.acts}


@pytest.fixture
def author():
    return make_user("controller", name="Ada Author")


@pytest.fixture
def approver():
    return make_user("compliance_officer", name="Ben Approver")


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_opens_which_page(client, role, author, approver):
    make_entity()
    version = published(author, approver)
    draft_version(version.policy, actor=author, now=NOW)
    client.force_login(make_user(role))

    reads, writes = role in READERS, role in WRITERS
    assert client.get("/policies/").status_code == (200 if reads else 403)
    assert client.get("/policies/eu/").status_code == (200 if reads else 403)
    assert client.get("/policies/eu/2/edit/").status_code == (200 if writes else 403)
    assert client.get("/policies/new/").status_code == (200 if writes else 403)
    assert client.post("/policies/eu/2/approve/").status_code in (
        (409,) if role in {"controller", "director", "compliance_officer"} else (403,)
    )


def test_the_version_page_shows_words_differences_and_computed_days(client, author, approver, time_machine):
    time_machine.move_to("2026-11-20T09:00:00+00:00", tick=False)
    make_entity(city="Hamburg")
    first = published(author, approver)
    next_version(first.policy, author, approver, terms="NET 14")
    client.force_login(author)

    page = client.get("/policies/eu/2/").content.decode()

    assert "30 days later; on a day off, the next working day" not in re.sub(r"<del>.*?</del>", "", page)
    assert "<del>30</del>" in page
    assert "<ins>14</ins>" in page
    assert "Christmas in Hamburg" in page
    assert "Wednesday 9 December 2026" in page
    assert "Ada Author" in page


def test_changing_the_days_changes_the_examples(client, author):
    make_entity()
    version = make_policy(author)
    client.force_login(author)
    before = client.get("/policies/eu/1/").context["samples"]

    edit_version(version, clauses={**version.clauses, "terms": "NET 10"}, actor=author, now=NOW)

    after = client.get("/policies/eu/1/").context["samples"]
    assert before[1].steps[0].on != after[1].steps[0].on


def _form(page) -> dict[str, object]:
    """What a browser would send back from the editor as it stands."""
    data: dict[str, object] = {}
    for form in (page.context["form"], *page.context["steps"].forms, *page.context["parts"].forms):
        for bound in form:
            value = bound.value()
            value = bound.field.prepare_value(value) if hasattr(bound.field, "prepare_value") else value
            if value not in (None, "", False):
                data[bound.html_name] = value
    for formset in (page.context["steps"], page.context["parts"]):
        data |= {bound.html_name: bound.value() for bound in formset.management_form}
    return data


def test_the_editor_saves_what_it_shows(client, author):
    make_entity()
    version = make_policy(author)
    client.force_login(author)
    page = client.get("/policies/eu/1/edit/")

    answer = client.post(
        "/policies/eu/1/edit/",
        _form(page) | {"terms": "+1M EOM", "discount_pct": "2.5", "discount_days": "8"},
    )

    assert answer.status_code == 302
    saved = PolicyVersion.objects.get(pk=version.pk).clauses
    assert saved["terms"] == "+1M EOM"
    assert saved["early_discount"] == {"pct": "2.5", "days": 8}
    assert saved["ladder"] == version.clauses["ladder"]
    assert saved["texts"] == version.clauses["texts"]
    assert saved["late_interest"] == version.clauses["late_interest"]


def test_an_ambiguous_phrase_shows_both_readings_with_days(client, author):
    make_entity()
    make_policy(author)
    client.force_login(author)
    page = client.get("/policies/eu/1/edit/")

    answer = client.post("/policies/eu/1/edit/", _form(page) | {"terms": "30 days end of month"})
    fragment = client.get("/policies/terms/?terms=30+days+end+of+month", headers={"HX-Request": "true"})

    assert answer.status_code == 422
    for text in (answer.content.decode(), fragment.content.decode()):
        assert "+30D EOM" in text
        assert "EOM +30D" in text
    chosen = client.post(
        "/policies/eu/1/edit/", _form(page) | {"terms": "30 days end of month", "use_terms": "EOM +30D"}
    )
    assert chosen.status_code == 302
    assert PolicyVersion.objects.get().clauses["terms"] == "EOM +30D"


def test_a_stale_form_is_told_who_changed_it(client, author, approver):
    make_entity()
    version = make_policy(author)
    client.force_login(author)
    page = client.get("/policies/eu/1/edit/")
    edit_version(version, clauses={**version.clauses, "terms": "NET 20"}, actor=approver, now=NOW)

    answer = client.post("/policies/eu/1/edit/", _form(page) | {"terms": "NET 10"})

    assert answer.status_code == 409
    assert "Ben Approver" in answer.content.decode()
    assert PolicyVersion.objects.get().clauses["terms"] == "NET 20"


def test_the_path_to_publication_on_the_screen(client, author, approver):
    make_entity()
    client.force_login(author)
    client.post(
        "/policies/new/",
        {"name": "Terms", "code": "terms", "owner": author.pk, "notice_days": "30", "review_months": "12"},
    )
    client.post("/policies/terms/1/submit/")
    assert client.post("/policies/terms/1/approve/").status_code == 409
    client.force_login(approver)
    assert client.post("/policies/terms/1/approve/").status_code == 302
    client.force_login(author)
    assert client.post("/policies/terms/1/publish/", {"effective_from": "2020-01-01"}).status_code == 409
    assert client.post("/policies/terms/1/publish/").status_code == 302
    client.force_login(approver)
    assert client.post("/policies/terms/1/acknowledge/").status_code == 302
    assert PolicyVersion.objects.get().acknowledgements.get().user == approver


def test_the_public_page_opens_without_sign_in_and_proves_its_text(client, author, approver):
    make_entity(legal_name="Northwind GmbH")
    version = published(author, approver)

    page = client.get(f"/policy/{version.public_ref}/")
    record = client.get(f"/policy/{version.public_ref}/text.json")

    assert page.status_code == 200
    assert "noindex" in page.content.decode()
    assert "Ada Author" not in page.content.decode()
    assert hashlib.sha256(record.content).hexdigest() == version.text_hash
    assert version.text_hash[:4] in page.content.decode()


@pytest.mark.parametrize(
    ("lang", "words"),
    [("de", "Wie und wann Sie zahlen"), ("fr", "Comment et quand nous payer"), ("xx", "How and when")],
)
def test_the_public_page_speaks_its_languages(client, author, approver, lang, words):
    make_entity()
    version = published(author, approver)

    assert words in client.get(f"/policy/{version.public_ref}/?lang={lang}").content.decode()


def test_an_old_link_opens_the_version_of_then_and_names_the_newer(client, author, approver):
    make_entity()
    first = published(author, approver)
    second = publish_version(
        next_version(first.policy, author, approver),
        effective_from=EARLIEST.replace(year=2027),
        actor=approver,
        now=NOW,
    )

    page = client.get(f"/policy/{first.public_ref}/").content.decode()

    assert "30 days later" in page
    assert second.public_ref in page


def test_a_draft_has_no_public_page(client, author, approver):
    version = make_policy(author)
    assert client.get(f"/policy/{version.public_ref}/").status_code == 404
    assert client.get("/policy/nonsense/").status_code == 404
    submit_version(version, actor=author, now=NOW)
    approve_version(version, actor=approver, now=NOW)
    assert client.get(f"/policy/{version.public_ref}/text.json").status_code == 404


def test_the_list_warns_of_a_late_review(client, author, approver, time_machine):
    make_entity()
    cache.clear()
    published(author, approver)
    time_machine.move_to("2028-02-01T09:00:00+00:00", tick=False)
    client.force_login(author)

    assert "its review was due on" in client.get("/policies/").content.decode()
