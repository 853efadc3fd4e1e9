"""Links that open a page without login: what opens, what does not, and what is kept."""

import base64
import hashlib
from datetime import timedelta

import pytest
from django.test import override_settings

from correspondence import links
from correspondence.events import LINK_CREATED, LINK_OPENED, LINK_REVOKED
from correspondence.models import PublicLink
from tests.portal.bills import NOW, make_bill, make_contact, make_customer, make_entity, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill():
    return make_bill()


def make_link(bill, **options):
    values = {"purpose": links.INVOICE, "contact": None, "actor": None, "now": NOW}
    return links.create_link(bill, **values | options)


def test_the_token_has_256_bits_and_only_its_hash_is_stored(bill):
    link = make_link(bill)
    token = links.token_of(link)

    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    stored = PublicLink.objects.values().get()
    assert stored["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(stored)


def test_the_address_is_derived_again_from_the_stored_row(bill):
    link = make_link(bill)

    again = links.address(PublicLink.objects.get(pk=link.pk))

    assert again == links.address(link) == f"http://127.0.0.1:8000/i/{links.token_of(link)}/"


def test_a_changed_secret_key_keeps_links_working_while_the_old_one_is_known(bill, settings):
    link = make_link(bill)
    token, old = links.token_of(link), settings.SECRET_KEY

    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[old]):
        assert links.token_of(link) == token
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]), pytest.raises(links.LinkLost):
        links.token_of(link)


def test_two_links_to_one_document_have_unrelated_tokens(bill):
    assert links.token_of(make_link(bill)) != links.token_of(make_link(bill))


def test_a_token_opens_for_its_own_purpose_only(bill):
    token = links.token_of(make_link(bill))

    assert links.find_link(token, purpose=links.INVOICE, now=NOW)
    assert links.find_link(token, purpose=links.PREVIEW, now=NOW) is None
    assert links.find_link(token, purpose="anything", now=NOW) is None


def test_a_token_is_bound_to_its_document_and_purpose(bill):
    """Moved to another document or purpose in the database, the row no longer yields its token."""
    link = make_link(bill)
    for field, value in (("about_id", bill.pk + 1), ("purpose", links.PREVIEW)):
        moved = PublicLink.objects.get(pk=link.pk)
        setattr(moved, field, value)
        with pytest.raises(links.LinkLost):
            links.token_of(moved)


def test_a_link_opens_until_the_minute_it_expires(bill):
    token = links.token_of(make_link(bill, days=90))
    end = NOW + timedelta(days=90)

    assert links.find_link(token, purpose=links.INVOICE, now=end - timedelta(seconds=1))
    assert links.find_link(token, purpose=links.INVOICE, now=end) is None


def test_a_revoked_link_is_dead_at_once_and_a_new_one_works(bill):
    person, link = make_user(), make_link(bill)
    token = links.token_of(link)

    links.revoke_link(link, actor=person, now=NOW)
    links.revoke_link(link, actor=person, now=NOW)

    assert links.find_link(token, purpose=links.INVOICE, now=NOW) is None
    assert links.find_link(links.token_of(make_link(bill)), purpose=links.INVOICE, now=NOW)
    assert Entry.objects.filter(fact=LINK_REVOKED, actor=person).count() == 1


def test_all_links_of_a_document_are_revoked_together(bill):
    other = make_link(make_bill(bill.customer))
    mine = [make_link(bill), make_link(bill)]

    assert links.revoke_links_of(bill, actor=None, now=NOW) == 2
    assert all(not links.is_open(row, NOW) for row in PublicLink.objects.filter(pk__in=[x.pk for x in mine]))
    assert links.find_link(links.token_of(other), purpose=links.INVOICE, now=NOW)


def test_visits_are_counted_and_the_first_is_on_the_trail(bill):
    contact = make_contact(bill.customer)
    token = links.token_of(make_link(bill, contact=contact))

    for minute in range(3):
        links.open_link(token, purpose=links.INVOICE, now=NOW + timedelta(minutes=minute))

    link = PublicLink.objects.get()
    assert (link.opened, link.last_opened_at) == (3, NOW + timedelta(minutes=2))
    [entry] = Entry.objects.filter(fact=LINK_OPENED)
    assert (entry.object_id, entry.customer_key) == (bill.pk, bill.customer_id)
    assert entry.additional_data["contact"] == contact.pk


def test_a_look_by_staff_is_not_the_customers_visit(bill):
    token = links.token_of(make_link(bill, purpose=links.PREVIEW, minutes=15))

    assert links.open_link(token, purpose=links.PREVIEW, now=NOW)
    assert not Entry.objects.filter(fact=LINK_OPENED).exists()
    assert links.find_link(token, purpose=links.PREVIEW, now=NOW + timedelta(minutes=15)) is None


def test_the_trail_never_holds_a_token(bill):
    link = make_link(bill)
    token = links.token_of(link)
    links.open_link(token, purpose=links.INVOICE, now=NOW)
    links.revoke_link(link, actor=None, now=NOW)

    assert Entry.objects.filter(fact=LINK_CREATED).exists()
    assert not any(token in str(row) for row in Entry.objects.values())


@pytest.mark.soak("T37")
def test_a_tampered_token_opens_nothing(bill, size, figures):
    """T37: every character flipped to every other one, cut short, made longer, with another key."""
    make_link(make_bill(make_customer(make_entity())))
    token = links.token_of(make_link(bill))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = alphabet[: size(6, 64)]
    wrong = {token[:at] + c + token[at + 1 :] for at in range(len(token)) for c in others} - {token}
    wrong |= {token[:end] for end in range(len(token))} | {token[at:] for at in range(1, len(token))}
    wrong |= {token + c for c in alphabet} | {token.lower(), token.upper(), token + "=", " " + token, ""}
    wrong |= {"\x00" * 43, "ä" * 43, "\ud800" * 43, "%" * 43}
    wrong.add(links._token(PublicLink.objects.latest("id"), "another secret key"))

    accepted = [w for w in wrong if links.find_link(w, purpose=links.INVOICE, now=NOW)]

    figures("T37", tried=len(wrong), accepted=len(accepted))
    assert accepted == []
