"""The daily round: every open item of a company is looked at once on each of its local days."""

from collections import Counter
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.urls import reverse

from core.money import named
from core.rows import copy_rows
from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day
from reminders import deciding, reading
from reminders.judging import Judge, Judged
from reminders.models import Decision, Reminder, Round
from work.operations import open_work

CHUNK = 5000

_DECISION = (
    "entity_id", "customer_id", "invoice_id", "item_id", "first_on", "last_on", "outcome", "rule", "step",
    "tone", "next_step", "next_on", "asked", "currency", "decided_at",
)  # fmt: skip
_REMINDER = (
    "entity_id", "customer_id", "invoice_id", "item_id", "step", "on", "tone", "channel", "situation",
    "recipients", "fee", "statutory", "interest", "uncharged", "asked", "currency", "state", "rule",
)  # fmt: skip
_MEANT = "reminders_meant"
_NAMES = ", ".join(f'"{name}"' for name in _REMINDER)
_STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS {_MEANT} ON COMMIT DELETE ROWS AS
SELECT {_NAMES} FROM reminders_reminder WITH NO DATA
"""  # noqa: S608 (the names of our own columns)
# A step that was dropped, or could not be sent, may be meant again; one that was taken may not.
_MEAN = f"""
INSERT INTO reminders_reminder ({_NAMES}) SELECT {_NAMES} FROM {_MEANT}
ON CONFLICT (item_id, step) DO UPDATE SET "on" = EXCLUDED."on", tone = EXCLUDED.tone,
    channel = EXCLUDED.channel, situation = EXCLUDED.situation, recipients = EXCLUDED.recipients,
    fee = EXCLUDED.fee, statutory = EXCLUDED.statutory, interest = EXCLUDED.interest,
    asked = EXCLUDED.asked, state = 'meant', rule = '', digest_id = NULL
WHERE reminders_reminder.state IN ('meant', 'dropped', 'blocked')
"""  # noqa: S608 (the names of our own columns)


def decide_round(entity: Entity, *, now: datetime) -> Round:
    """Decide for every open item of the company that is not decided yet for its local day.

    Safe to run twice, beside itself and again after a crash: chunks are committed one by one, each under a
    lock of the company, and what is covered for the day is left alone.
    """
    day = local_day(entity, now)
    judge = Judge(entity)
    row = _begin(entity, day, now)
    after = (date.min, 0)
    while True:
        with transaction.atomic():
            _lock(entity)
            rows = reading.items_due(entity, day, after=after, limit=CHUNK)
            fresh = [one for one in rows if one.decision is None or one.last_on < day]
            if fresh:
                _write(row, judge.all(fresh, day), now)
        if len(rows) < CHUNK:
            break
        after = (rows[-1].due, rows[-1].item)
    Round.objects.filter(pk=row.pk).update(ended_at=now)
    row.refresh_from_db()
    return row


def _begin(entity: Entity, day: date, now: datetime) -> Round:
    with transaction.atomic():
        _lock(entity)
        row, is_new = Round.objects.get_or_create(entity=entity, on=day, defaults={"began_at": now})
        if is_new:
            # What could not be sent on its day is decided anew today.
            Reminder.objects.filter(entity=entity, state=Reminder.State.MEANT, on__lt=day).update(
                state=Reminder.State.DROPPED, rule="late"
            )
        return row


def _lock(entity: Entity) -> None:
    """One round at a time writes for a company; the lock ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reminders.round'), %s)", [entity.pk])


def _write(row: Round, judged: list[Judged], now: datetime) -> None:
    fresh = [each for each in judged if not _lasts(each, row.on)]
    if len(fresh) < len(judged):
        lasting = [each.row.decision for each in judged if _lasts(each, row.on)]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE reminders_decision SET last_on = %s WHERE id = ANY(%s)", [row.on, lasting])
    copy_rows(Decision._meta.db_table, _DECISION, (_decision(each, row, now) for each in fresh))
    _mean([each for each in fresh if each.decision.outcome == deciding.SEND], row)
    _ask_to_apply([each for each in fresh if each.decision.rule == "cash_waits"], row, now)
    counts = Counter(row.counts)
    counts.update(each.decision.rule for each in judged)
    row.counts = dict(counts)
    row.save(update_fields=["counts"])


def _lasts(each: Judged, day: date) -> bool:
    """Whether yesterday's row says the same of today. A row stays within its month."""
    before, decision = each.row, each.decision
    return (
        before.decision is not None
        and decision.outcome != deciding.SEND
        and before.last_on == day - timedelta(days=1)
        and day.day != 1
        and (before.outcome, before.rule, before.next_step, before.next_on, before.asked)
        == (decision.outcome, decision.rule, decision.next_step, decision.next_on, each.facts.asked)
    )


def _decision(each: Judged, row: Round, now: datetime) -> tuple[object, ...]:
    before, facts, decision = each
    return (
        row.entity_id,
        before.customer,
        before.invoice,
        before.item,
        row.on,
        row.on,
        decision.outcome,
        decision.rule,
        decision.step.day if decision.step else None,
        decision.said.tone if decision.said else None,
        decision.next_step,
        decision.next_on,
        facts.asked,
        before.currency,
        now,
    )


def _mean(judged: list[Judged], row: Round) -> None:
    """Note what is to be sent; the sending task takes it from there."""
    values = [
        (
            row.entity_id,
            before.customer,
            before.invoice,
            before.item,
            decision.step.day,
            row.on,
            decision.said.tone,
            decision.step.channel,
            decision.said.situation,
            "{" + ",".join(decision.step.recipients) + "}",
            decision.step.fee,
            decision.step.statutory,
            decision.step.interest,
            "",
            facts.asked,
            before.currency,
            Reminder.State.MEANT.value,
            "",
        )
        for before, facts, decision in judged
        if decision.step and decision.said
    ]
    if values:
        with connection.cursor() as cursor:
            cursor.execute(_STAGE)
            copy_rows(_MEANT, _REMINDER, values)
            cursor.execute(_MEAN)
            cursor.execute(f"TRUNCATE {_MEANT}")


def _ask_to_apply(judged: list[Judged], row: Round, now: datetime) -> None:
    """Money that would cover an invoice waits: somebody applies it, and the customer hears nothing."""
    first = {(each.row.customer, each.row.currency): each for each in judged}
    for customer in Customer.objects.filter(pk__in={one for one, _ in first}).order_by("pk"):
        for (_, currency), each in ((key, each) for key, each in first.items() if key[0] == customer.pk):
            open_work(
                kind="apply_cash",
                key=f"apply_cash:{row.entity_id}:{customer.pk}:{currency}",
                subject=customer,
                label=f"{customer}: apply what was received",
                path=reverse("payments:account", args=[customer.pk]),
                why=f"{named(each.facts.credit, currency)} wait to be applied "
                "and would cover an open invoice.",
                now=now,
                entity=row.entity,
                customer_id=customer.pk,
                role="cash_applier",
                value=each.facts.credit,
                currency=currency,
            )
