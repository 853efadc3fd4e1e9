"""Which text fits best, whom a message goes to, and how a text sounds: pure rules."""

from types import SimpleNamespace

import pytest

from correspondence.choosing import best_text
from correspondence.defaults import CUSTOMER_TYPES, LANGUAGES, texts_of
from correspondence.lint import findings_of
from correspondence.manners import usual_tone
from correspondence.markup import variables_in
from correspondence.situations import SITUATIONS
from customers.recipients import choose_recipients


def text(language="en", customer_type="", tone=0):
    return SimpleNamespace(language=language, customer_type=customer_type, tone=tone)


ANY, GERMAN, CONSUMER, FIRM = text(), text("de"), text(customer_type="consumer"), text(tone=3)


@pytest.mark.parametrize(
    ("texts", "asked", "best"),
    [
        ([ANY, GERMAN], {"languages": ["de-AT", "en"]}, GERMAN),
        ([ANY, CONSUMER], {"customer_type": "consumer"}, CONSUMER),
        ([CONSUMER], {"customer_type": "business"}, None),
        ([ANY, FIRM], {"tone": 3}, FIRM),
        ([ANY, FIRM], {"tone": 4}, ANY),
        ([text(tone=1), FIRM], {"tone": 4}, FIRM),
        ([FIRM], {"tone": 2}, None),
        ([ANY, FIRM], {}, ANY),
        ([CONSUMER, FIRM], {"customer_type": "consumer", "tone": 3}, CONSUMER),
        ([GERMAN], {"languages": ["fr"]}, None),
    ],
)
def test_the_most_specific_text_that_is_not_firmer_than_asked_wins(texts, asked, best):
    assert best_text(texts, asked.pop("languages", ["en"]), **asked) is best


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_and_tone_is_written_in_the_readers_language(situation, language):
    """English stands in wherever a text is missing, so only choosing among all of them shows a gap."""
    in_use = [
        SimpleNamespace(
            language=code, variant=variant, customer_type=variant.customer_type, tone=variant.tone
        )
        for code in LANGUAGES
        for variant in texts_of(code)
        if variant.situation == situation
    ]
    for channel in {text.variant.channel for text in in_use}:
        offered = [text for text in in_use if text.variant.channel == channel]
        for customer_type in ("", *CUSTOMER_TYPES):
            for tone in range(6):
                asked = {"customer_type": customer_type, "tone": tone}
                found = best_text(offered, [language, "en"], **asked)
                as_in_english = best_text(offered, ["en"], **asked)
                assert found
                assert as_in_english
                assert (found.language, found.variant) == (language, as_in_english.variant), asked


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_say_the_same_in_every_language_and_sound_as_they_should(language):
    english, texts = texts_of("en"), texts_of(language)
    assert set(texts) == set(english)
    for variant, (subject, body) in texts.items():
        first = english[variant]
        for mine, theirs in ((subject, first.subject), (body, first.body)):
            assert set(variables_in(mine)) == set(variables_in(theirs)), variant
        tone = variant.tone or usual_tone(variant.situation)
        assert findings_of(subject, body, language=language, tone=tone) == [], variant


def person(name, *purposes, email="x@example.org", bounced_at=None, opted_out_at=None):
    return SimpleNamespace(
        name=name, email=email, purposes=purposes, bounced_at=bounced_at, opted_out_at=opted_out_at
    )


def test_recipients_follow_the_order_of_purposes_and_say_why():
    dead = person("Dead", "reminders", bounced_at=1)
    silent = person("Silent", "billing", opted_out_at=1)
    payable, chief = person("Payable", "payable"), person("Chief", "escalation")
    stranger = person("Stranger")

    [choice] = choose_recipients([stranger, dead, silent, chief, payable], ["reminders"])
    assert choice.contact is payable
    assert "Dead: mail came back" in choice.why
    assert "Silent: asked for no mail" in choice.why

    both = choose_recipients([dead, chief, payable], ["reminders", "escalation"])
    assert [one.contact.name for one in both] == ["Payable", "Chief"]


def test_a_contact_without_a_purpose_is_never_written_to():
    assert choose_recipients([person("First"), person("Chief", "escalation")], ["reminders"]) == []


@pytest.mark.parametrize(
    ("language", "warm", "threat"),
    [
        ("en", "Please pay {{total}}. Thank you for your courtesy.", "Please pay, or we go to court."),
        ("de", "Bitte zahlen Sie {{total}}.", "Bitte zahlen Sie, sonst kommt das Inkasso."),
        ("fr", "Merci de régler {{total}}.", "Merci de payer avant la saisie."),
        ("es", "Por favor, pague {{total}}.", "Por favor, pague o habrá un embargo."),
        ("hi", "कृपया {{total}} का भुगतान करें।", "कृपया भुगतान करें, नहीं तो कानूनी कार्रवाई होगी।"),
    ],
)
def test_threats_block_warm_texts_and_warn_in_the_middle(language, warm, threat):
    assert findings_of("x", warm, language=language, tone=1) == []
    [found] = findings_of("x", threat, language=language, tone=2)
    assert (found.rule, found.blocks) == ("threat", True)
    assert [one.blocks for one in findings_of("x", threat, language=language, tone=3)] == [False]
    assert findings_of("x", threat, language=language, tone=5) == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("We have not seen the money.", "call"),
        ("Please " + "pay " * 230, "length"),
        ("Please pay NOW TODAY!!", "shouting"),
    ],
)
def test_other_findings_warn(body, rule):
    assert [(one.rule, one.blocks) for one in findings_of("x", body, language="en", tone=1)] == [
        (rule, False)
    ]
