"""Staff's pages: outgoing mail, links, message texts."""

import html

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from correspondence import links, operations
from correspondence.models import Delivery, PublicLink, Template
from entities.models import Access
from invoices.models import Invoice
from tests.correspondence.letters import queue
from tests.portal.bills import NOW, make_bill, make_customer, make_entity, make_user

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def person(client):
    user = make_user()
    acts = ("view_outgoing", "send_message", "manage_link", "edit_template", "approve_template")
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="correspondence", codename__in=acts)
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def test_the_list_shows_each_recipient_and_filters_by_state(client, person):
    sent, failed = queue().deliveries.get(), queue().deliveries.get()
    Delivery.objects.filter(pk=sent.pk).update(state=State.SENT, sent_at=NOW)
    Delivery.objects.filter(pk=failed.pk).update(state=State.FAILED, error="550 no such user")

    every = client.get(reverse("correspondence:list")).content.decode()
    only_failed = client.get(reverse("correspondence:list") + "?state=failed").content.decode()
    found = client.get(reverse("correspondence:list"), {"q": sent.email}).content.decode()

    assert sent.email in every
    assert failed.email in every
    assert failed.email in only_failed
    assert sent.email not in only_failed
    assert sent.email in found
    assert failed.email not in found


def test_staff_never_see_the_customers_link(client, person):
    message = queue()
    token = links.token_of(message.link)
    delivery = message.deliveries.get()

    pages = [
        reverse("correspondence:list"),
        reverse("correspondence:detail", args=[message.pk]),
        reverse("correspondence:body", args=[message.pk]),
        reverse("correspondence:source", args=[delivery.pk]),
    ]

    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert token not in answer.content.decode()


def test_the_frame_shows_the_very_html_and_can_do_nothing(client, person):
    message = queue()

    answer = client.get(reverse("correspondence:body", args=[message.pk]))

    assert answer.content.decode().replace("hidden-from-staff", "the-customers-own-link") == message.html
    policy = answer["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    page = client.get(reverse("correspondence:detail", args=[message.pk])).content.decode()
    assert " ".join(page.split()).count('<iframe class="mail-frame" sandbox') == 1


def test_a_failed_mail_is_tried_again_and_a_waiting_one_cancelled(client, person):
    failed, waiting = queue().deliveries.get(), queue().deliveries.get()
    Delivery.objects.filter(pk=failed.pk).update(state=State.FAILED)

    client.post(reverse("correspondence:retry", args=[failed.pk]))
    client.post(reverse("correspondence:cancel", args=[waiting.pk]))
    again = client.post(reverse("correspondence:cancel", args=[waiting.pk]))

    assert Delivery.objects.get(pk=failed.pk).state == State.QUEUED
    assert Delivery.objects.get(pk=waiting.pk).state == State.CANCELLED
    assert again.status_code == 409


def test_mail_of_another_company_is_not_there(client, person):
    message = queue()
    delivery = message.deliveries.get()
    Access.objects.create(user=person, entity=make_entity())

    assert delivery.email not in client.get(reverse("correspondence:list")).content.decode()
    for name, pk in (("detail", message.pk), ("body", message.pk), ("source", delivery.pk)):
        assert client.get(reverse(f"correspondence:{name}", args=[pk])).status_code == 404
    for name in ("retry", "cancel"):
        assert client.post(reverse(f"correspondence:{name}", args=[delivery.pk])).status_code == 404


def test_without_the_right_every_page_is_closed(client):
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    for name, args in (("list", []), ("texts", []), ("detail", [1]), ("text", ["invoice", "en"])):
        assert client.get(reverse(f"correspondence:{name}", args=args)).status_code == 403
    for name, args in (("retry", [1]), ("cancel", [1]), ("look", ["invoice", 1]), ("activate", [1])):
        assert client.post(reverse(f"correspondence:{name}", args=args)).status_code == 403


def test_a_new_link_is_shown_once(client, person):
    bill = make_bill()
    page = reverse("correspondence:links", args=["invoice", bill.pk])

    assert client.post(page, {"days": "30"}).status_code == 302
    address = links.address(PublicLink.objects.get())

    assert address in client.get(page).content.decode()
    assert address not in client.get(page).content.decode()


def test_a_link_is_closed_from_its_list(client, person):
    bill = make_bill()
    link = links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=NOW)

    client.post(reverse("correspondence:revoke", args=["invoice", bill.pk, link.pk]))

    link.refresh_from_db()
    assert link.revoked_by == person


def test_opening_as_customer_makes_a_link_of_minutes(client, person):
    bill = make_bill()

    answer = client.post(reverse("correspondence:look", args=["invoice", bill.pk]))

    link = PublicLink.objects.get()
    assert (link.purpose, link.created_by) == (links.PREVIEW, person)
    assert (link.expires_at - link.created_at).total_seconds() == 15 * 60
    assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize(
    "values", [{"days": "0"}, {"days": "9999"}, {"days": "x"}, {"days": "30", "contact": "1"}]
)
def test_a_bad_link_form_says_what_is_wrong(client, person, values):
    page = reverse("correspondence:links", args=["invoice", make_bill(make_customer(make_entity())).pk])

    assert client.post(page, values).status_code == 422
    assert not PublicLink.objects.exists()


def test_links_lead_to_what_the_person_sees_only(client, person):
    bill = make_bill()
    Access.objects.create(user=person, entity=make_entity())

    assert client.get(reverse("correspondence:links", args=["invoice", bill.pk])).status_code == 404
    assert client.get(reverse("correspondence:links", args=["user", person.pk])).status_code == 404
    assert Invoice.objects.exists()


def test_an_unknown_variable_is_refused_at_its_field(client, person):
    page = reverse("correspondence:text", args=["invoice", "en"])

    answer = client.post(page, {"subject": "Hello", "body": "{{amount_deu}}", "seen": "1", "save": ""})

    assert answer.status_code == 422
    assert "Did you mean amount_due" in answer.content.decode()
    assert not Template.objects.filter(version=2).exists()


def test_a_text_is_saved_submitted_and_approved_by_somebody_else(client, person):
    page = reverse("correspondence:text", args=["invoice", "en"])
    client.get(page)

    answer = client.post(page, {"subject": "Hello", "body": "{{amount_due}}", "seen": "1", "submit": ""})

    assert answer.status_code == 302
    text = Template.objects.get(version=2)
    assert text.status == "review"
    approve = reverse("correspondence:activate", args=[text.pk])
    assert client.post(approve).status_code == 409
    client.force_login(make_user(is_superuser=True))
    client.post(approve)
    text.refresh_from_db()
    assert text.status == "active"
    stale = client.post(page, {"subject": "Other", "body": "x", "seen": "1", "save": ""})
    assert stale.status_code == 409


def test_the_live_preview_is_the_mail_and_saves_nothing(client, person):
    page = reverse("correspondence:text", args=["invoice", "en"])
    operations.install_texts(now=NOW)

    answer = client.post(
        page,
        {"subject": "Hello", "body": "Pay {{amount_due}}", "preview": "1"},
        headers={"HX-Request": "true"},
    )
    said = answer.content.decode()
    frame = client.get(said.partition('src="')[2].partition('"')[0])

    assert "<html" not in said
    assert "Pay €12,840.50" in frame.content.decode()
    assert "sandbox" in frame["Content-Security-Policy"]
    assert not Template.objects.filter(version=2).exists()
    other = make_user(is_superuser=True)
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(frame.request["PATH_INFO"]).status_code == 404


@pytest.mark.parametrize("path", ["invoice/xx", "nothing/en"])
def test_an_unknown_text_is_not_found(client, person, path):
    assert client.get(f"/mail/texts/{path}/").status_code == 404


def test_a_variant_is_opened_begins_with_the_nearest_words_and_is_saved_apart(client, person):
    page = reverse("correspondence:text", args=["reminder", "fr"])
    client.get(page)
    variant = page + "?channel=letter&type=consumer&tone=2"
    shown = client.get(variant).content.decode()
    nearest = Template.objects.get(situation="reminder", language="fr", channel="letter", tone=0)
    assert html.escape(nearest.subject) in shown

    words = {"subject": "Rappel", "body": "Merci de payer {{total}}.", "seen": "0"}
    answer = client.post(variant, words | {"save": ""})

    saved = Template.objects.get(subject="Rappel")
    assert (saved.channel, saved.customer_type, saved.tone, saved.version) == ("letter", "consumer", 2, 1)
    assert answer["Location"] == variant
    assert "Rappel" in client.get(page).content.decode()
    threat = words | {"seen": "1", "body": "Payez {{total}} ou nous saisirons le tribunal."}
    said = client.post(variant, threat | {"preview": "1"}, headers={"HX-Request": "true"})
    assert "tribunal” is a threat" in said.content.decode()
    assert client.post(variant, threat | {"save": ""}).status_code == 422
    assert Template.objects.filter(channel="letter", situation="reminder", language="fr").count() == 2


def test_the_preview_of_a_letter_is_the_letter_in_the_style_of_paper(client, person):
    page = reverse("correspondence:text", args=["formal_notice", "de"]) + "?channel=letter"
    said = client.get(page).content.decode()
    address = said.partition('<iframe class="mail-frame" sandbox src="')[2].partition('"')[0]
    frame = client.get(address).content.decode()

    assert 'class="letter"' in frame
    assert "Sehr geehrte Damen und Herren" in frame
    assert "<style>" in frame
    assert "@font-face" not in frame


@pytest.mark.parametrize("query", ["channel=fax", "type=friend", "tone=6", "tone=-1", "tone=x"])
def test_an_unknown_variant_is_not_found(client, person, query):
    assert client.get(f"/mail/texts/invoice/en/?{query}").status_code == 404


def test_a_text_under_review_is_sent_back_with_what_to_change(client, person):
    page = reverse("correspondence:text", args=["invoice", "en"])
    client.get(page)
    client.post(page, {"subject": "Hello", "body": "{{amount_due}}", "seen": "1", "submit": ""})
    text = Template.objects.get(version=2)
    back = reverse("correspondence:send_back", args=[text.pk])

    assert client.post(back, {"reason": " "}).status_code == 422
    text.refresh_from_db()
    assert text.status == "review"
    assert client.post(back, {"reason": "Name the due day."}).status_code == 302
    text.refresh_from_db()
    assert text.status == "draft"
    assert client.post(back, {"reason": "Again"}).status_code == 409
