"""Internal notes: who is named, what is kept, and that no customer ever reads one."""

import pytest

from conversations import events, operations, queries
from conversations.models import Mention, Note
from core.errors import DomainError
from tests.factories import make_entity, make_user
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_a_note_on_an_invoice_names_a_colleague_who_hears_of_it(world):
    invoice = world.issued("100")
    name = world.lead.email.partition("@")[0]

    note = operations.write_note(invoice, body=f"@{name} look at this", actor=world.clerk, now=NOW)

    assert (note.customer, note.entity) == (world.customer, world.entity)
    assert [mention.person for mention in queries.unread_mentions(world.lead)] == [world.lead]
    assert Entry.objects.filter(fact=events.PERSON_MENTIONED).count() == 1

    operations.read_mentions(invoice, actor=world.lead, now=NOW)

    assert not queries.unread_mentions(world.lead)


@pytest.mark.parametrize("body", ["@nobody.here look", "@person look"])
def test_a_name_that_fits_nobody_is_refused_and_nothing_is_written(world, body):
    with pytest.raises(DomainError) as refusal:
        operations.write_note(world.customer, body=body, actor=world.clerk, now=NOW)

    assert refusal.value.rule == "a_mention_names_a_colleague_who_may_see_it"
    assert not Note.objects.exists()


def test_who_may_not_see_the_customer_cannot_be_named(world):
    from entities.operations import set_access

    stranger = make_user("lead")
    set_access(stranger, entities=[make_entity()], actor=None, now=NOW)
    invoice = world.issued("100")

    for person in (stranger, make_user("administrator")):
        with pytest.raises(DomainError):
            operations.write_note(invoice, body="see", mentions=[person], actor=world.clerk, now=NOW)
    assert not Mention.objects.exists()


def test_an_edit_keeps_how_it_stood_and_tells_only_who_is_new(world):
    note = operations.write_note(
        world.customer, body="first", mentions=[world.lead], actor=world.clerk, now=NOW
    )

    operations.edit_note(note, body="second", mentions=[world.lead, world.cash], actor=world.clerk, now=NOW)

    note.refresh_from_db()
    assert (note.body, note.edited_at) == ("second", NOW)
    assert [version.body for version in note.versions.all()] == ["first"]
    assert Mention.objects.count() == 2
    assert Entry.objects.filter(fact=events.PERSON_MENTIONED).count() == 2


def test_nobody_changes_the_note_of_another(world):
    note = operations.write_note(world.customer, body="mine", actor=world.clerk, now=NOW)

    with pytest.raises(operations.NotYourNote):
        operations.edit_note(note, body="yours", actor=world.lead, now=NOW)

    note.refresh_from_db()
    assert note.body == "mine"
    assert not note.versions.exists()


def test_notes_are_for_those_who_may_read_them(world):
    operations.write_note(world.issued("100"), body="mine", actor=world.clerk, now=NOW)

    assert queries.notes_visible_to(world.lead).count() == 1
    assert not queries.notes_visible_to(make_user("legal_adviser")).exists()
