"""Improvements: from what was said to the measured effect, and each customer told once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, models, transaction

from core.errors import DomainError
from correspondence.models import Message
from feedback import operations, queries
from feedback.models import Cause, CauseNote, Improvement, Publication, Suggestion
from metrics import kpis
from tests.book.test_concurrency import together
from tests.feedback.scene import contact_of, entered
from tests.world import NOW, TODAY, World, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=31)


@pytest.fixture
def world():
    return make_world()


def planned(world: World, *sources, **values) -> Improvement:
    given = {
        "title": "Order numbers on every invoice", "action": "The gate asks for it", "due_on": TODAY,
        "owner": world.lead, "figure": "csat", "actor": world.lead, "now": NOW,
    }  # fmt: skip
    return operations.propose_improvement(sources=sources or [entered(world, 2)], **(given | values))


def done(world: World, *sources) -> Improvement:
    row = operations.start_improvement(planned(world, *sources), actor=world.lead, now=NOW)
    operations.write_before(row, Decimal("50.0"), now=NOW)
    return operations.close_improvement(row, actor=world.lead, now=NOW)


def refused(act, rule):
    def state():
        return [list(table.objects.order_by("pk").values()) for table in (Improvement, Publication, Message)]

    before = state()
    with pytest.raises(DomainError) as caught, transaction.atomic():
        act()
    assert caught.value.rule == rule
    assert state() == before


def test_it_needs_a_source_and_a_figure_that_is_known(world):
    answer = entered(world, 2)
    refused(lambda: operations.propose_improvement(
        title="x", action="y", due_on=TODAY, sources=[], actor=world.lead, now=NOW
    ), "an_improvement_has_a_source")  # fmt: skip
    refused(lambda: planned(world, answer, figure="luck"), "a_figure_is_known")
    refused(lambda: planned(world, answer, title=" "), "a_text_has_words")
    with transaction.atomic(), connection.cursor() as cursor:
        Improvement.objects.create(title="x", action="y", due_on=TODAY, made_at=NOW)
        with pytest.raises(IntegrityError, match="an_improvement_has_a_source"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def test_from_the_start_to_the_measured_difference(world):
    for score in (5, 5, 1, 2):
        entered(world, score, now=NOW - timedelta(days=1))
    row = planned(world, Cause.objects.get(code="order-number"), entity=world.entity)
    assert kpis.measure_improvements(now=NOW) == 0
    operations.start_improvement(row, actor=world.lead, now=NOW)
    for _ in range(2):
        kpis.measure_improvements(now=NOW)
    row.refresh_from_db()
    assert (row.before, row.before_at) == (Decimal("50.0"), NOW)

    operations.close_improvement(row, actor=world.lead, now=NOW)
    entered(world, 5, now=NOW + timedelta(days=2))
    refused(
        lambda: operations.write_effect(row, Decimal(1), now=NOW + timedelta(days=29)),
        "an_effect_is_measured_30_days_later",
    )
    assert kpis.measure_improvements(now=NOW + timedelta(days=29)) == 0
    assert kpis.measure_improvements(now=LATER) == 1
    assert kpis.measure_improvements(now=LATER) == 0
    row.refresh_from_db()
    assert (row.state, row.after, row.effect) == ("measured", Decimal("60.0"), Decimal("10.0"))
    assert Entry.objects.filter(fact="improvement.measured").count() == 2


def test_closing_needs_a_figure_and_its_value_before(world):
    row = planned(world, figure="", owner=None)
    refused(
        lambda: operations.start_improvement(row, actor=world.lead, now=NOW), "an_improvement_has_an_owner"
    )
    refused(lambda: operations.close_improvement(row, actor=world.lead, now=NOW),
            "an_improvement_follows_its_states")  # fmt: skip
    aim = {"owner": world.lead, "due_on": TODAY, "actor": world.lead, "now": NOW}
    operations.aim_improvement(row, figure="", **aim)
    operations.start_improvement(row, actor=world.lead, now=NOW)
    refused(lambda: operations.close_improvement(row, actor=world.lead, now=NOW), "closing_needs_a_figure")
    operations.aim_improvement(row, figure="dso", **aim)
    refused(
        lambda: operations.close_improvement(row, actor=world.lead, now=NOW), "an_effect_needs_a_value_before"
    )
    operations.write_before(row, Decimal(40), now=NOW)
    operations.write_before(row, Decimal(99), now=NOW)
    refused(lambda: operations.aim_improvement(row, figure="csat", **aim), "a_measured_figure_stays")
    row = operations.close_improvement(row, actor=world.lead, now=NOW)
    assert row.before == 40
    refused(lambda: operations.drop_improvement(row, why="x", actor=world.lead, now=NOW),
            "an_improvement_follows_its_states")  # fmt: skip


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"figure": ""}, "a_closed_improvement_has_a_figure"),
        ({"before": None}, "a_closed_improvement_has_a_figure"),
        ({"state": "measured"}, "a_measured_improvement_has"),
        ({"published_at": NOW}, "a_published_improvement_says"),
    ],
)
def test_the_database_refuses_it_too(world, values, name):
    row = done(world)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Improvement.objects.filter(pk=row.pk).update(**values)


def test_each_linked_customer_is_told_once_and_reads_it_on_their_page(world):
    orla = contact_of(world)
    answers = [entered(world, 2, contact=orla), entered(world, 1)]
    row = done(world, *answers)
    say = {"said": "No order number", "did": "There is one now", "actor": world.lead, "now": NOW}
    told = operations.publish_improvement(row, **say)
    assert [(one.customer, one.contact, one.outcome) for one in told] == [(world.customer, orla, "told")]
    assert operations.publish_improvement(row, **say) == []
    message = Message.objects.get(situation="improvement")
    assert "There is one now" in message.text
    assert message.link.purpose == "overview"
    assert [one.improvement for one in queries.told_to(world.customer)] == [row]
    entry = Entry.objects.get(fact="improvement.published")
    assert entry.customer_key == world.customer.pk


def test_who_wants_no_surveys_or_no_mail_gets_none(world):
    orla = contact_of(world)
    row = done(world, entered(world, 2, contact=orla))
    operations.stop_surveys(orla, actor=None, now=NOW)
    [told] = operations.publish_improvement(row, said="a", did="b", actor=world.lead, now=NOW)
    assert told.outcome == "opted_out"
    assert not Message.objects.filter(situation="improvement").exists()
    # It is no message: it stands on their page all the same.
    assert queries.told_to(world.customer).count() == 1


def test_only_what_is_done_is_told(world):
    row = planned(world)
    refused(
        lambda: operations.publish_improvement(row, said="a", did="b", actor=world.lead, now=NOW),
        "what_is_done_is_published",
    )
    row = done(world)
    refused(
        lambda: operations.publish_improvement(row, said="a", did=" ", actor=world.lead, now=NOW),
        "a_text_has_words",
    )


@pytest.mark.django_db(transaction=True)
def test_six_who_publish_at_once_tell_each_customer_once():
    world = make_world()
    contact_of(world)
    row = done(world)
    assert together(6, lambda n: operations.publish_improvement(
        row, said="a", did="b", actor=world.lead, now=NOW
    )) == []  # fmt: skip
    assert Message.objects.filter(situation="improvement").count() == Publication.objects.count() == 1


# ------------------------------------------------------------------------------------------------ causes
def test_the_third_time_in_thirty_days_makes_one_correction(world):
    cause = Cause.objects.get(code="discount")
    answers = [entered(world, 1, comment=f"{n}") for n in range(9)]

    def name(number, days):
        return operations.set_cause(answers[number], cause, actor=world.clerk, now=NOW + timedelta(days=days))

    assert name(0, 0) is None
    assert name(0, 1) is None
    assert name(1, 5) is None
    # The first is more than thirty days ago.
    assert name(2, 31) is None
    made = name(3, 32)
    assert (made.corrects, made.state) == (cause, "proposed")
    assert made.sources.get().cause == cause
    # Those within its window belong to it; after it, counting begins anew.
    assert [name(4, 40), name(5, 50), name(6, 63)] == [None] * 3
    assert CauseNote.objects.filter(correction=made).count() == 5
    assert name(7, 64) is None
    assert name(8, 65).corrects == cause
    assert Improvement.objects.filter(corrects=cause).count() == 2


@pytest.mark.django_db(transaction=True)
def test_six_disputes_at_once_make_one_correction():
    world = make_world()
    answers = [entered(world, 1) for _ in range(6)]
    cause, _ = Cause.objects.get_or_create(code="tax-x", defaults={"name": "Tax", "role": "controller"})
    assert together(6, lambda n: operations.note_cause(cause, answers[n], actor=None, now=NOW)) == []
    assert Improvement.objects.filter(corrects=cause).count() == 1
    assert CauseNote.objects.filter(correction__isnull=False).count() == 6


# --------------------------------------------------------------------------------------------------- box
def test_a_suggestion_without_a_name_leaves_no_trace_of_who_made_it(world):
    row = operations.make_suggestion(body="Less paper", once="a" * 32, author=None, on=TODAY)
    again = operations.make_suggestion(body="Less paper", once="a" * 32, author=None, on=TODAY)
    assert row.pk == again.pk
    assert not Entry.objects.filter(fact__startswith="suggestion.").exists()
    times = {field.name for field in Suggestion._meta.fields if isinstance(field, models.DateTimeField)}
    assert times == {"replied_at"}
    with pytest.raises(Exception, match="an_author_is_not_found_out_later"), transaction.atomic():
        Suggestion.objects.filter(pk=row.pk).update(is_anonymous=False, author=world.clerk)
    with pytest.raises(Exception, match="what_is_in_the_box_stays|Cannot delete"), transaction.atomic():
        Suggestion.objects.filter(pk=row.pk).delete()


def test_the_number_of_a_suggestion_does_not_count(world):
    rows = [
        operations.make_suggestion(body="Less paper", once=f"{n:032x}", author=world.clerk, on=TODAY)
        for n in range(4)
    ]
    numbers = [row.pk for row in rows]
    assert max(numbers) - min(numbers) > len(numbers)
    assert Entry.objects.filter(fact="suggestion.made", actor=world.clerk).count() == len(numbers)


def test_a_suggestion_is_thanked_for_and_follows_its_states(world):
    row = operations.make_suggestion(body="Fewer clicks", once="b" * 32, author=world.clerk, on=TODAY)
    act = {"actor": world.lead, "now": NOW}
    operations.answer_suggestion(row, state="looked_at", reply="", **act)
    refused(lambda: operations.answer_suggestion(row, state="taken", reply=" ", **act), "a_text_has_words")
    operations.answer_suggestion(row, state="done", reply="Thank you, it is done.", **act)
    refused(
        lambda: operations.answer_suggestion(row, state="new", reply="x", **act),
        "a_suggestion_follows_its_states",
    )
    refused(
        lambda: operations.make_suggestion(body=" ", once="c" * 32, author=None, on=TODAY), "a_text_has_words"
    )
