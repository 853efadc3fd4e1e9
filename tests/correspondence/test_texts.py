"""Writing message texts: versions, what is refused, which one is in use."""

import re

import pytest

from correspondence import operations
from correspondence.defaults import CHANNELS, CUSTOMER_TYPES, LANGUAGES, texts_of
from correspondence.events import TEMPLATE_ACTIVATED, TEMPLATE_SAVED
from correspondence.models import Template
from correspondence.queries import template_in_use
from correspondence.rules import SITUATIONS, UnknownVariable
from tests.portal.bills import NOW, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
WORDS = {
    "situation": "invoice",
    "language": "en",
    "subject": "Bill {{document_number}}",
    "body": "{{amount_due}}",
}


@pytest.fixture(autouse=True)
def _texts():
    operations.install_texts(now=NOW)


def save(**changes):
    return operations.save_template(**WORDS | {"actor": None, "now": NOW} | changes)


def test_the_texts_we_start_with_are_in_use_and_installed_once():
    operations.install_texts(now=NOW)

    active = Template.objects.filter(status="active")
    assert active.count() == Template.objects.count() == sum(len(texts_of(code)) for code in LANGUAGES)
    for language in LANGUAGES:
        assert {row.situation for row in active.filter(language=language)} == set(SITUATIONS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("customer_type", CUSTOMER_TYPES)
def test_each_step_of_a_ladder_has_a_text_for_mail_and_for_post(language, customer_type):
    for situation in (
        "before_due",
        "due_today",
        "reminder",
        "firm_reminder",
        "formal_notice",
        "final_demand",
    ):
        for channel in CHANNELS:
            text = template_in_use(situation, [language], channel=channel, customer_type=customer_type)
            assert (text.channel, text.language) == (channel, language)
            if channel == "letter":
                # Paper has no reply button.
                assert not re.search(r"\b(e-?mail|mail|mensaje|correo|message)\b|मेल", text.body.casefold()), (
                    text.body
                )


def test_each_save_is_a_new_draft_version():
    person = make_user()

    text = save(actor=person)

    assert (text.version, text.status, text.author) == (2, "draft", person)
    assert Entry.objects.get(fact=TEMPLATE_SAVED).actor == person
    assert Template.objects.get(situation="invoice", language="en", status="active").version == 1


def test_saving_the_same_words_again_makes_no_version():
    assert save() == save()


def test_a_second_person_approves_and_the_other_version_is_retired():
    author, colleague = make_user(), make_user()
    text = operations.submit_template(save(actor=author), actor=author, now=NOW)

    with pytest.raises(operations.OwnText):
        operations.approve_template(text, actor=author, now=NOW)
    assert Template.objects.get(pk=text.pk).status == "review"
    operations.approve_template(text, actor=colleague, now=NOW)
    operations.approve_template(text, actor=colleague, now=NOW)

    states = Template.objects.filter(situation="invoice", language="en").values_list("version", "status")
    assert dict(states) == {1: "retired", 2: "active"}
    fact = Entry.objects.get(fact=TEMPLATE_ACTIVATED)
    assert fact.changes["body"][1] == "{{amount_due}}"


def test_a_draft_is_not_approved_before_it_was_submitted():
    text = save(actor=make_user())
    with pytest.raises(operations.NotInReview):
        operations.approve_template(text, actor=make_user(), now=NOW)
    assert Template.objects.get(pk=text.pk).status == "draft"


@pytest.mark.parametrize("tone", [1, 2])
def test_a_threat_in_a_warm_text_is_not_saved(tone):
    with pytest.raises(operations.ThreatTooEarly):
        save(body="Please pay or we take you to court: {{amount_due}}", tone=tone)
    assert not Template.objects.filter(tone=tone, situation="invoice").exists()


def test_an_unknown_variable_is_refused_with_near_matches():
    with pytest.raises(UnknownVariable) as refusal:
        save(body="{{amount_deu}}")

    assert "amount_due" in refusal.value.problems[0]["mend"]
    assert refusal.value.status == 422
    assert not Template.objects.filter(version=2).exists()


def test_an_editor_opened_on_an_old_version_is_refused():
    save()

    with pytest.raises(operations.SavedByAnother, match="Version 2"):
        save(body="Other", expected_version=1)
