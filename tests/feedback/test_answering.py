"""Answers by a link and by colleagues: once per token, editable for a day; complaints are answered."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from conversations import operations as conversations
from conversations.models import Thread
from core.errors import DomainError
from correspondence import links
from correspondence.models import Message
from feedback import operations, queries, tasks
from feedback.models import Answer
from tests.book.test_concurrency import together
from tests.feedback.scene import asked, contact_of, entered
from tests.world import NOW, make_world
from trail.models import Entry
from work.models import WorkItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def link_of(world, invoice=None, contact=None):
    invoice = invoice or world.issued("100.00")
    made = links.create_link(invoice, purpose=links.INVOICE, contact=contact, actor=None, now=NOW)
    return made, invoice


def refused(act, rule):
    def state():
        tables = (Answer.objects, Thread.objects, WorkItem.objects, Entry.objects)
        return [list(table.order_by("pk").values()) for table in tables]

    before = state()
    with pytest.raises(DomainError) as caught:
        act()
    assert caught.value.rule == rule
    assert state() == before


def give(link, about, score=4, *, now=NOW, **values):
    return operations.give_answer(link, about, score=score, now=now, **values)


def test_an_answer_to_a_survey_knows_the_version_of_the_mail_it_came_by(world):
    contact_of(world, language="de")
    survey = asked(world, occasion="relation", subject=world.customer, label=world.entity.name)

    answer = give(survey.link, survey, 9)

    template = answer.template
    assert template == Message.objects.get(link=survey.link).template
    assert (template.situation, template.language, template.version) == ("survey", "de", 1)
    text = queries.Filters(instrument="nps", template=template.pk)
    [group] = queries.groups_of(world.clerk, queries.Filters(instrument="nps"), "template")
    assert (group.name, group.figure.n, group.filters) == (str(template), 1, text)
    assert list(queries.found(world.clerk, text)) == [answer]


def test_an_answer_knows_text_and_terms_its_reader_had(world):
    link, invoice = link_of(world)
    answer = give(link, invoice, comment=" Clear \r\nand short ", line=1, line_text="Work package 1")

    assert (answer.score, answer.comment, answer.channel) == (4, "Clear \nand short", "page")
    assert (answer.label, answer.subject, answer.policy) == (invoice.number, invoice, world.policy.policy)
    assert (answer.line, answer.line_text) == (1, "Work package 1")
    entry = Entry.objects.get(fact="answer.given")
    assert "short" not in str(entry.additional_data)


def test_a_token_answers_once_and_may_change_it_for_a_day(world):
    link, invoice = link_of(world)
    first = give(link, invoice, 5)
    later = give(link, invoice, 2, comment="No", now=NOW + timedelta(hours=23))
    assert (later.pk, later.score, later.given_at) == (first.pk, 2, NOW)
    assert later.edited_at == NOW + timedelta(hours=23)
    refused(
        lambda: give(link, invoice, 5, now=NOW + timedelta(hours=24)), "an_answer_may_be_changed_for_24_hours"
    )
    assert Answer.objects.get().score == 2


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"score": 0}, "score_in_range"),
        ({"score": 6}, "score_in_range"),
        ({"comment": "x" * 2001}, "a_text_has_a_largest_length"),
        ({"is_complaint": True}, "a_complaint_says_what_is_wrong"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(world, values, rule):
    link, invoice = link_of(world)
    refused(lambda: give(link, invoice, **values), rule)
    give(link, invoice)
    refused(lambda: give(link, invoice, **values), rule)


def test_who_wants_no_surveys_gives_none_by_any_door(world):
    orla = contact_of(world)
    link, invoice = link_of(world, contact=orla)
    survey = asked(world, invoice=invoice)
    operations.stop_surveys(orla, actor=None, now=NOW)
    rule = "who_wants_no_surveys_is_left_alone"
    refused(lambda: give(link, invoice), rule)
    refused(lambda: give(survey.link, survey), rule)
    refused(lambda: entered(world, contact=orla), rule)
    assert entered(world, contact=None).contact is None


def test_a_survey_is_answered_on_its_own_scale(world):
    contact_of(world)
    survey = asked(world, instrument="nps")
    answer = give(survey.link, survey, 9)
    assert (answer.survey, answer.instrument, answer.occasion) == (survey, "nps", "dispute")


def test_a_colleague_types_in_what_was_said(world):
    answer = entered(world, 10, instrument="nps", channel="meeting", comment="Glad")
    assert (answer.entered_by, answer.entity, answer.link) == (world.clerk, world.entity, None)
    refused(lambda: entered(world, channel="page"), "an_answer_is_typed_in")
    stranger = contact_of(make_world())
    refused(lambda: entered(world, contact=stranger), "a_contact_is_the_customers")


def test_a_complaint_is_work_with_two_business_days_and_an_inquiry(world):
    orla = contact_of(world)
    link, invoice = link_of(world, contact=orla)
    answer = give(link, invoice, 1, comment="You billed twice", is_complaint=True)

    item = WorkItem.objects.get(kind="complaint")
    # NOW is Monday 10:30 in Hamburg; two business days later it is Wednesday at the same time.
    assert item.due_at == answer.complaint_due_at == NOW + timedelta(days=2)
    assert (item.customer_key, item.path) == (world.customer.pk, answer.get_absolute_url())
    assert answer.thread.posts.get().body == "You billed twice"
    assert answer.thread.about == invoice


def test_an_answer_in_the_inquiry_finishes_the_complaint(world):
    link, invoice = link_of(world, contact=contact_of(world))
    answer = give(link, invoice, 1, comment="Twice!", is_complaint=True)
    conversations.reply(answer.thread, body="We are sorry.", actor=world.clerk, now=NOW)
    entry = Entry.objects.filter(fact="inquiry.answered").latest("id")
    for _ in range(2):
        tasks.note_answered(entry_id=entry.pk)
    answer.refresh_from_db()
    assert answer.complaint_answered_at == NOW
    assert WorkItem.objects.get(kind="complaint").state == "done"
    assert Entry.objects.filter(fact="complaint.answered").count() == 1


def test_a_complaint_is_not_unsaid_by_an_edit_and_made_once(world):
    link, invoice = link_of(world)
    give(link, invoice, 2, comment="Hm")
    give(link, invoice, 1, comment="It is wrong", is_complaint=True)
    last = give(link, invoice, 3, comment="", is_complaint=False)
    assert (last.is_complaint, last.comment, last.score) == (True, "It is wrong", 3)
    assert WorkItem.objects.filter(kind="complaint").count() == 1


def test_a_colleague_reads_a_complaint_and_answers_it_by_phone(world):
    quiet, loud = entered(world, 2), entered(world, 2, comment="Never again")
    refused(lambda: operations.flag_complaint(quiet, actor=world.clerk, now=NOW),
            "a_complaint_says_what_is_wrong")  # fmt: skip
    refused(
        lambda: operations.finish_complaint(loud, how="x", actor=world.clerk, now=NOW),
        "a_waiting_complaint_is_answered",
    )
    loud = operations.flag_complaint(loud, actor=world.clerk, now=NOW)
    operations.flag_complaint(loud, actor=world.clerk, now=NOW)
    assert WorkItem.objects.filter(kind="complaint").count() == 1
    refused(
        lambda: operations.finish_complaint(loud, how=" ", actor=world.clerk, now=NOW), "a_text_has_words"
    )
    operations.finish_complaint(loud, how="Called them", actor=world.clerk, now=NOW + timedelta(days=5))
    assert Entry.objects.get(fact="complaint.answered").additional_data["late"] is True
    refused(
        lambda: operations.finish_complaint(loud, how="x", actor=world.clerk, now=NOW),
        "a_waiting_complaint_is_answered",
    )


def test_a_list_is_narrowed_and_other_companies_are_not_in_it(world):
    other = make_world()
    poor, good = entered(world, 1, comment="Bad", is_complaint=True), entered(world, 5)
    entered(world, 8, instrument="nps", now=NOW - timedelta(days=40))
    entered(other, 5)

    def found(user=None, **query):
        return list(queries.found(user or world.clerk, queries.Filters.read(query)))

    assert len(found(entity=str(world.entity.pk))) == 3
    assert found(mood="poor") == found(complaints="open") == found(q="bad") == [poor]
    assert good in found(mood="good")
    assert len(found(mood="fair")) == 1
    since = (NOW - timedelta(days=40)).date().isoformat()
    assert len(found(customer=str(world.customer.pk), since=since, until=since)) == 1
    assert len(found(since="nonsense", entity="x" * 40, mood="?")) == 4


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"score": 6}, "a_score_is_on_its_scale"),
        ({"is_complaint": True}, "a_complaint_has_words"),
        ({"channel": "page"}, "an_answer_comes_by"),
    ],
)
def test_the_database_refuses_what_the_rules_refuse(world, values, name):
    answer = entered(world, 5)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Answer.objects.filter(pk=answer.pk).update(**values)


@pytest.mark.django_db(transaction=True)
def test_six_clicks_at_once_are_one_answer():
    world = make_world()
    link, invoice = link_of(world)

    assert together(6, lambda n: give(link, invoice, n % 5 + 1)) == []
    assert Entry.objects.filter(fact="answer.given").count() == Answer.objects.count() == 1
