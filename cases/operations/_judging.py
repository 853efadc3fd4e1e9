"""Promises judged by what came in, and what follows."""

from datetime import datetime

from django.db import transaction

from cases import queries
from cases.events import PROMISE_BROKEN, PROMISE_KEPT, PROMISE_PARTLY_KEPT
from cases.models import Action, Case, Promise
from cases.operations._escalating import raise_level
from cases.operations._promise_rows import end, in_money, record_promise
from cases.operations._standing import leave_stage, morning_of, open_case_of, plan_next
from core.dates import in_words
from entities.queries import calendar_of, local_day
from work.operations import open_work

_JUDGED = {
    Promise.State.KEPT: PROMISE_KEPT,
    Promise.State.PARTLY_KEPT: PROMISE_PARTLY_KEPT,
    Promise.State.BROKEN: PROMISE_BROKEN,
}


@transaction.atomic
def judge_promise(promise: Promise, *, now: datetime) -> Promise:
    """Kept as soon as the money is there; after the grace partly kept or broken. Safe to run twice."""
    promise = Promise.objects.select_for_update(of=("self",)).select_related("entity").get(pk=promise.pk)
    if promise.state != Promise.State.OPEN:
        return promise
    result = queries.judgement_of(promise, as_of=local_day(promise.entity, now))
    if result.status == "open":
        return promise
    promise.received = result.received
    promise.judged_at = now
    end(promise, Promise.State(result.status), "received", "judged_at", now=now)
    record_promise(
        _JUDGED[Promise.State(promise.state)], promise, actor=None, now=now, received=result.received
    )
    if promise.state == Promise.State.KEPT:
        case = open_case_of(promise.customer, promise.entity)
        if case is not None:
            leave_stage(case, Case.Stage.PROMISED)
    else:
        _follow_up(promise, now=now)
    return promise


def _follow_up(promise: Promise, *, now: datetime) -> None:
    """What was promised did not come: somebody acts this morning, and a broken promise goes one level up."""
    case = open_case_of(promise.customer, promise.entity)
    if case is None:
        return
    missing = in_money(promise.amount - promise.received, promise.currency)
    why = f"{missing} of the promise for {in_words(promise.promised_on)} did not come"
    on = calendar_of(promise.entity).following(local_day(promise.entity, now))
    leave_stage(case, Case.Stage.PROMISED)
    plan_next(case, Action.CALL, on, why)
    open_work(
        kind="broken_promise",
        key=f"promise:{promise.pk}",
        subject=promise,
        label=f"{promise.customer.name}: {missing} promised, not paid",
        path=f"/collect/promises/{promise.pk}/",
        why=why,
        entity=promise.entity,
        customer_id=promise.customer_id,
        owner=case.collector,
        role="collector",
        due_at=morning_of(promise.entity, on),
        value=promise.amount - promise.received,
        currency=promise.currency,
        now=now,
    )
    if promise.state == Promise.State.BROKEN:
        raise_level(case, case.level + 1, f"A promise was broken: {why}", now=now)
