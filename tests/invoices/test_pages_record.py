"""The page of one document and its named acts: who may, what it does, what a refusal leaves unchanged."""

import html
import re
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from invoices.models import Document, Hold, Invoice
from team.roles import ROLES
from tests.factories import make_user
from tests.invoices.scene import make_scene
from tests.world import make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def act(client, user, name, invoice, *args, htmx=False, **data):
    client.force_login(user)
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse(f"invoices:{name}", args=[invoice.pk, *args]), data, headers=headers)


@pytest.mark.parametrize("state", ["draft", "waiting", "approved", "issued"])
def test_the_page_opens_in_every_state_within_its_budget(client, scene, state, django_assert_max_num_queries):
    invoice = getattr(scene, state)()
    client.force_login(scene.clerk)
    with django_assert_max_num_queries(30):
        page = client.get(invoice.get_absolute_url())
    assert page.status_code == 200
    assert str(invoice) in page.content.decode()
    fragment = client.get(invoice.get_absolute_url(), headers={"HX-Request": "true"})
    assert fragment.content.decode().startswith('<div class="record" id="record">')
    assert "HX-Request" in fragment.headers["Vary"]


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_may_open_the_page(client, scene, role):
    invoice = scene.issued()
    user = make_user(role)
    client.force_login(user)
    allowed = 200 if user.has_perm("invoices.view_invoice") else 403
    assert client.get(invoice.get_absolute_url()).status_code == allowed
    assert client.get(reverse("invoices:list")).status_code == allowed


def test_strangers_are_sent_to_the_sign_in_page(client, scene):
    assert client.get(scene.draft().get_absolute_url()).status_code == 302


def test_submit_and_approve_by_two_people(client, scene):
    invoice = scene.draft("3000")
    assert act(client, scene.clerk, "submit", invoice).status_code == 302
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.PENDING

    own = act(client, scene.clerk, "approve", invoice, confirmed=["new-customer"])
    assert own.status_code == 409
    unconfirmed = act(client, scene.lead, "approve", invoice)
    assert unconfirmed.status_code == 422
    said = unconfirmed.content.decode()
    assert 'id="unconfirmed"' in said
    assert 'id="decide"' in said
    assert said.count(" autofocus data-focus") == 1
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.PENDING

    assert act(client, scene.lead, "approve", invoice, confirmed=["new-customer"]).status_code == 302
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.APPROVED


def test_the_reviewer_sees_what_differs_and_the_author_sees_no_decision(client, scene):
    invoice = scene.waiting()
    client.force_login(scene.lead)
    assert 'name="confirmed" value="new-customer"' in client.get(invoice.get_absolute_url()).content.decode()
    client.force_login(scene.clerk)
    assert 'name="confirmed"' not in client.get(invoice.get_absolute_url()).content.decode()


def test_a_rejection_needs_a_reason(client, scene):
    invoice = scene.waiting()
    assert act(client, scene.lead, "reject", invoice, reason=" ").status_code == 422
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.PENDING
    assert act(client, scene.lead, "reject", invoice, reason="The hours are wrong").status_code == 302
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.DRAFT


def test_withdraw_and_discard(client, scene):
    invoice = scene.waiting()
    refused = act(client, scene.clerk, "discard", invoice)
    assert refused.status_code == 409
    assert act(client, scene.clerk, "withdraw", invoice).status_code == 302
    assert client.get(reverse("invoices:discard", args=[invoice.pk])).status_code == 200
    assert act(client, scene.clerk, "discard", invoice).status_code == 302
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.DISCARDED


def test_issue_numbers_the_document_and_a_draft_is_refused(client, scene):
    draft, approved = scene.draft(), scene.approved("3000")
    refused = act(client, scene.clerk, "issue", draft, htmx=True)
    assert refused.status_code == 409
    assert refused.headers["HX-Retarget"] == "#notice"
    draft.refresh_from_db()
    assert draft.number is None

    done = act(client, scene.clerk, "issue", approved, htmx=True)
    assert done.headers["HX-Redirect"] == approved.get_absolute_url()
    approved.refresh_from_db()
    assert approved.number


def test_a_refused_act_stays_on_the_page_of_its_document_and_leads_to_the_mend(client, scene):
    draft = scene.draft()
    before = Entry.objects.count()

    refused = act(client, scene.clerk, "issue", draft)

    said = refused.content.decode()
    assert refused.status_code == 409
    assert 'id="refused"' in said
    assert "Submit it and have it approved." in said
    assert reverse("invoices:edit", args=[draft.pk]) in said
    assert 'id="record"' in said
    assert Entry.objects.count() == before


@pytest.mark.parametrize("name", ["submit", "issue", "send", "copy", "rebill", "withdraw"])
def test_a_reader_may_do_nothing(client, scene, name):
    invoice = scene.issued()
    before = Entry.objects.count()
    assert act(client, make_user("auditor"), name, invoice).status_code == 403
    assert Entry.objects.count() == before


def test_the_pdf_is_made_once_and_kept_with_its_hash(client, scene):
    invoice = scene.issued()
    client.force_login(scene.clerk)
    address = reverse("invoices:pdf", args=[invoice.pk])
    first = b"".join(client.get(address).streaming_content)
    second = b"".join(client.get(address).streaming_content)
    document = Document.objects.get(invoice=invoice)
    assert first == second
    assert first.startswith(b"%PDF")
    assert document.size == len(first)
    assert default_storage.exists(document.stored_name)
    assert Entry.objects.filter(fact="document.rendered").count() == 1


def test_previews_of_a_draft(client, scene):
    invoice = scene.draft()
    client.force_login(scene.clerk)
    for name in ("pdf", "paper", "mail"):
        assert client.get(reverse(f"invoices:{name}", args=[invoice.pk])).status_code == 200
    page = client.get(reverse("portal:draft", args=[invoice.pk]))
    assert page.status_code == 200
    assert not Document.objects.filter(invoice=invoice).exists()


def test_hold_and_release(client, scene):
    invoice = scene.issued("3000")
    too_much = act(client, scene.clerk, "hold", invoice, amount="99999", reason="They doubt it")
    assert too_much.status_code == 409
    assert not Hold.objects.exists()
    assert (
        act(client, scene.clerk, "hold", invoice, amount="100.00", reason="They doubt it").status_code == 302
    )
    hold = Hold.objects.get()
    invoice.refresh_from_db()
    assert invoice.held_amount == Decimal(100)
    assert act(client, scene.clerk, "release", invoice, hold.pk).status_code == 302
    invoice.refresh_from_db()
    assert invoice.held_amount == 0


def test_a_note_beside_an_issued_document(client, scene):
    invoice = scene.issued("3000")
    assert act(client, scene.clerk, "annotate", invoice, annotation="PO 4711 came late").status_code == 302
    invoice.refresh_from_db()
    assert invoice.annotation == "PO 4711 came late"
    assert act(client, scene.clerk, "annotate", scene.draft(), annotation="x").status_code == 409


def test_a_credit_note_or_copy_sent_again_by_the_same_form_is_one(client, scene):
    invoice = scene.issued("3000", "500")
    words = {"reason_code": "PRC", "reason": "The price was agreed lower", "once": "a" * 32}

    notes = [act(client, scene.clerk, "credit", invoice, net_1="2000.00", **words) for _ in range(2)]
    copies = [act(client, scene.clerk, "copy", invoice, once="b" * 32) for _ in range(2)]

    note = invoice.credit_notes.get()
    assert {answer["Location"] for answer in notes} == {note.get_absolute_url()}
    assert len({answer["Location"] for answer in copies}) == 1
    assert Invoice.objects.exclude(pk__in=[invoice.pk, note.pk]).count() == 1

    anew = [act(client, scene.clerk, "rebill", invoice, once="c" * 32) for _ in range(2)]

    assert len({answer["Location"] for answer in anew}) == 1
    assert invoice.replaced_by.count() == 1


def test_a_credit_note_per_line_and_in_full(client, scene):
    invoice = scene.issued("3000", "500")
    words = {"reason_code": "PRC", "reason": "The price was agreed lower"}
    nothing = act(client, scene.clerk, "credit", invoice, **words)
    above = act(client, scene.clerk, "credit", invoice, net_1="3000.01", **words)
    assert (nothing.status_code, above.status_code) == (422, 422)
    assert not invoice.credit_notes.exists()

    assert act(client, scene.clerk, "credit", invoice, net_1="100.00", **words).status_code == 302
    note = invoice.credit_notes.get()
    assert note.net_total == Decimal(100)
    assert act(client, scene.clerk, "credit", invoice, everything="1", **words).status_code == 302
    assert sum(n.net_total for n in invoice.credit_notes.all()) == Decimal(3500)
    assert (
        "Nothing is left to credit"
        in client.get(reverse("invoices:credit", args=[invoice.pk])).content.decode()
    )


def test_copy_and_rebill_open_the_new_draft(client, scene):
    invoice = scene.issued("3000")
    copied = act(client, scene.clerk, "copy", invoice)
    rebilled = act(client, scene.clerk, "rebill", invoice)
    assert copied.status_code == rebilled.status_code == 302
    assert Invoice.objects.get(replaces=invoice).document_status == Invoice.Status.DRAFT
    assert act(client, scene.clerk, "rebill", scene.draft()).status_code == 409


def test_the_timeline_merges_acts_money_and_holds(client, scene):
    invoice = scene.issued("3000")
    act(client, scene.clerk, "hold", invoice, amount="10", reason="A question")
    scene.pay(invoice)
    page = client.get(invoice.get_absolute_url()).content.decode()
    assert "on hold" in page
    assert "issued it as" in page
    assert "settled" in page
    only_money = client.get(invoice.get_absolute_url() + "?show=money").content.decode()
    assert 'data-kind="trail"' not in only_money


def test_every_link_of_the_page_leads_somewhere(client):
    world = make_world()
    invoice = world.issued("100.00")
    client.force_login(world.director)
    page = client.get(invoice.get_absolute_url()).content.decode()

    links = {html.unescape(one) for one in re.findall(r'<a [^>]*href="(/[^"]*)"', page)}
    assert any(one.startswith("/policies/") for one in links)
    assert {one: client.get(one).status_code for one in links if client.get(one).status_code == 404} == {}


def test_a_hold_sent_twice_is_one_hold(client):
    world = make_world()
    invoice = world.issued("100.00")
    client.force_login(world.controller)
    address = reverse("invoices:hold", args=[invoice.pk])
    mark = re.search(r'name="once" value="(\w+)"', client.get(address).content.decode())[1]
    form = {"once": mark, "amount": "50", "reason": "The pallet is looked for", "kind": "manual"}

    answers = [client.post(address, form).status_code for _ in range(3)]

    assert answers == [302] * 3
    assert Hold.objects.get(invoice=invoice).amount == Decimal("50.00")
