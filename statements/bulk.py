"""Statements for many customers: who would get one and who not and why, and sending them as a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet, Sum
from django.utils import timezone

from core.errors import DomainError, Invalid
from correspondence.manners import purposes_of
from customers.models import Contact, Customer
from customers.recipients import Choice, choose_recipients
from entities.models import Entity
from entities.queries import local_day
from ledger.models import Line, OpenItem
from statements import operations
from statements.models import Statement
from team.models import User
from work import jobs
from work.models import Job

KIND, TASK, RIGHT = "statements", "statements.tasks.run_bulk_job", "statements.send_statement"
MOST = 1_000
_CHUNK = 5  # papers in one transaction; each takes a tenth of a second
Key = tuple[int, int, str]


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the form, and the days it covers."""

    form: str
    since: date
    as_of: date


@dataclass(frozen=True)
class Row:
    """One account: to whom it would go and why, or why not."""

    customer: Customer
    entity: Entity
    currency: str
    to: Sequence[Choice[Contact]]
    why_not: str = ""

    @property
    def key(self) -> str:
        """How a form names the account."""
        return f"{self.customer.pk}-{self.entity.pk}-{self.currency}"


@dataclass(frozen=True)
class Plan:
    """The dry run."""

    wanted: Wanted
    taken: Sequence[Row]
    skipped: Sequence[tuple[str, Sequence[Row]]]

    @property
    def skipped_count(self) -> int:
        return sum(len(rows) for _, rows in self.skipped)


def plan(
    customers: QuerySet[Customer], companies: Sequence[Entity], wanted: Wanted, *, now: datetime
) -> Plan:
    """What sending to these customers would do, account by account. Nothing is written."""
    _refuse_days(wanted, companies, now)
    found = list(customers.select_related("entity", "segment").order_by("name", "pk")[: MOST + 1])
    if len(found) > MOST:
        raise Invalid(
            f"More than {MOST:,} customers match.",
            rule="a_bulk_act_has_an_end",
            mend="Narrow the choice first.",
        )
    entities = {entity.pk: entity for entity in companies}
    ids = [customer.pk for customer in found]
    reachable = _recipients(ids)
    speaking = _speaking(ids, wanted)
    accounts = _accounts(ids, entities)
    taken: list[Row] = []
    reasons: dict[str, list[Row]] = {}
    for customer in found:
        to = reachable.get(customer.pk, [])
        for entity_id, currency in accounts.get(customer.pk, [(customer.entity_id, "")]):
            entity = entities.get(entity_id, customer.entity)
            why = _why_not(
                customer, currency, to, is_silent=(customer.pk, entity_id, currency) not in speaking
            )
            row = Row(customer, entity, currency, to, why)
            if why:
                reasons.setdefault(why, []).append(row)
            else:
                taken.append(row)
    return Plan(wanted, taken, sorted(reasons.items(), key=lambda pair: -len(pair[1])))


def ask(done: Plan, picked: Sequence[str], *, actor: User, now: datetime) -> Job:
    """Note the chosen accounts of a plan as a job; the caller queues its task after the commit."""
    chosen = [row for row in done.taken if row.key in set(picked)]
    if not chosen:
        raise Invalid(
            "No account is chosen.", field="pick", rule="something_is_chosen", mend="Tick at least one row."
        )
    return jobs.ask(
        KIND,
        title=f"Send {len(chosen)} statement{'s' if len(chosen) != 1 else ''}",
        arguments={
            "accounts": [[row.customer.pk, row.entity.pk, row.currency] for row in chosen],
            "form": done.wanted.form,
            "since": done.wanted.since.isoformat(),
            "as_of": done.wanted.as_of.isoformat(),
        },
        total=len(chosen),
        actor=actor,
        now=now,
        task=TASK,
    )


def run(job_id: int) -> Job:
    """Work through the job, a few accounts per transaction, each counted where its mail was queued.

    A worker that is lost loses its last transaction only; the next one goes on from there.
    """
    job = jobs.begin(Job.objects.get(pk=job_id), now=timezone.now())
    if job.state != Job.State.RUNNING:
        return job
    if job.requested_by is None or not job.requested_by.has_perm(RIGHT):
        return jobs.end(job, now=timezone.now(), error="Whoever asked for this may no longer do it.")
    accounts = job.arguments.get("accounts", [])
    while job.done < len(accounts) and not job.cancel_asked:
        job = _step(job, accounts)
    return jobs.end(job, now=timezone.now())


@transaction.atomic
def _step(job: Job, accounts: Sequence[Sequence[Any]]) -> Job:
    job = Job.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=job.pk)
    now = timezone.now()
    chunk = accounts[job.done : job.done + _CHUNK]
    failures = [
        fault
        for customer, entity, currency in chunk
        if (fault := _send(job, customer, entity, currency, now))
    ]
    return jobs.advance(job, done=len(chunk), failures=failures, now=now)


def _send(job: Job, customer_id: int, entity_id: int, currency: str, now: datetime) -> dict[str, str] | None:
    """One account made and sent; what was refused in words, for the job's list."""
    customer = Customer.objects.select_related("entity", "segment").get(pk=customer_id)
    try:
        statement = operations.make_statement(
            customer,
            Entity.objects.get(pk=entity_id),
            currency,
            form=job.arguments["form"],
            since=date.fromisoformat(job.arguments["since"]),
            on=date.fromisoformat(job.arguments["as_of"]),
            actor=job.requested_by,
            now=now,
        )
        operations.send_statement(statement, actor=job.requested_by, now=now)
    except operations.SentBefore:
        return None
    except DomainError as refusal:
        return {
            "row": f"{customer.name}, {currency}",
            "field": str(refusal.field or ""),
            "message": refusal.message,
            "mend": str(refusal.mend or ""),
            "url": customer.get_absolute_url(),
        }
    return None


def _refuse_days(wanted: Wanted, companies: Sequence[Entity], now: datetime) -> None:
    today = min((local_day(entity, now) for entity in companies), default=now.date())
    if wanted.as_of > today:
        raise Invalid(
            "The day has not come yet.",
            field="as_of",
            rule="a_statement_looks_back",
            mend=f"Choose {today} or an earlier day.",
        )
    if wanted.form == Statement.Form.MOVEMENTS and wanted.since > wanted.as_of:
        raise Invalid(
            "The period ends before it begins.",
            field="since",
            rule="a_statement_ends_after_it_begins",
            mend="Choose a first day before the last one.",
        )


def _why_not(customer: Customer, currency: str, to: Sequence[Choice[Contact]], *, is_silent: bool) -> str:
    if customer.status == Customer.Status.INACTIVE:
        return "the customer is inactive"
    if not currency:
        return "nothing was ever billed or received"
    if is_silent:
        return "nothing is owed and nothing moved"
    return "" if to else "no contact for statements that mail reaches"


def _recipients(customer_ids: Sequence[int]) -> dict[int, list[Choice[Contact]]]:
    people: dict[int, list[Contact]] = {}
    for contact in Contact.objects.filter(customer__in=customer_ids, is_active=True).order_by("pk"):
        people.setdefault(contact.customer_id, []).append(contact)
    return {pk: choose_recipients(rows, purposes_of("statement")) for pk, rows in people.items()}


def _accounts(
    customer_ids: Sequence[int], entities: Mapping[int, Entity]
) -> dict[int, list[tuple[int, str]]]:
    rows = OpenItem.objects.filter(customer__in=customer_ids, entity__in=list(entities)).order_by()
    found: dict[int, list[tuple[int, str]]] = {}
    for customer, entity, currency in sorted(rows.values_list("customer", "entity", "currency").distinct()):
        found.setdefault(customer, []).append((entity, currency))
    return found


def _speaking(customer_ids: Sequence[int], wanted: Wanted) -> set[Key]:
    """Accounts with a balance on the last day, or that moved in the period."""
    lines = Line.objects.filter(customer__in=customer_ids, entry__on__lte=wanted.as_of).order_by()
    sums = lines.values_list("customer", "entry__entity", "currency").annotate(
        balance=Sum("amount"), moved=Max("entry__on")
    )
    since = wanted.since if wanted.form == Statement.Form.MOVEMENTS else wanted.as_of
    return {
        (customer, entity, currency)
        for customer, entity, currency, balance, moved in sums
        if balance or moved >= since
    }
