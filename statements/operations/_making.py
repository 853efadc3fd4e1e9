"""Making a statement: read, prove, render, keep once."""

import hashlib
from datetime import date, datetime
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from core.errors import Invalid, Refused
from customers.models import Customer
from customers.queries import billing_profile
from entities.models import Entity
from entities.queries import local_day
from invoices.operations import logo_of
from statements.content import content_of, facts_sha256
from statements.document import render_statement
from statements.events import STATEMENT_MADE, STATEMENT_REFUSED
from statements.models import Statement
from statements.queries import Reading, read_account
from statements.words import Words
from team.models import User
from trail.operations import record
from work.operations import open_work

logger = structlog.get_logger(__name__)

_READINGS = 3


class FutureStatement(Invalid):
    """The day has not come, or the period ends before it begins."""


class StatementDoesNotFoot(Refused):
    """The sums of the account do not agree. The book needs a look before a customer hears of it."""


def make_statement(
    customer: Customer,
    entity: Entity,
    currency: str,
    *,
    form: str,
    on: date,
    since: date | None = None,
    language: str = "",
    actor: User | None,
    now: datetime,
) -> Statement:
    """The account with one company in one currency as of a day, as a stored paper.

    Made again it is the same row and file while the account of that day is the same. Movements are those
    from `since` to the day. Raises StatementDoesNotFoot, and then tells the controllers.
    """
    since = on if form == Statement.Form.OPEN_ITEMS or since is None else since
    _refuse_future(entity, since, on, now)
    reading = _sound_reading(customer, entity, currency, since=since, on=on, now=now)
    language = Words(language or billing_profile(customer, entity, on).language).language
    content = content_of(customer, entity, reading, form=form, language=language, on=on)
    key: dict[str, Any] = {
        "customer": customer,
        "entity": entity,
        "currency": currency,
        "form": form,
        "since": since,
        "as_of": on,
        "language": language,
        "facts_sha256": facts_sha256(content),
    }
    known = Statement.objects.filter(**key).first()
    if known is not None:
        return known
    # Laid out before any row is locked: it takes a tenth of a second.
    return _keep(key, content, reading, _pdf(content), actor=actor, now=now)


def file_of(statement: Statement) -> str:
    """The stored file's name. A lost file is made again, and only comes back as it was."""
    if default_storage.exists(statement.stored_name):
        return statement.stored_name
    pdf = _pdf(statement.content)
    if hashlib.sha256(pdf).hexdigest() != statement.sha256:
        raise Refused(
            f"The file of {statement} is lost, and made again it would not be the same.",
            rule="a_document_is_rendered_once",
            mend="Bring the file back from the backup.",
        )
    default_storage.save(statement.stored_name, ContentFile(pdf))
    return statement.stored_name


def _refuse_future(entity: Entity, since: date, on: date, now: datetime) -> None:
    today = local_day(entity, now)
    if on > today:
        raise FutureStatement(
            "The day has not come yet.",
            field="as_of",
            rule="a_statement_looks_back",
            mend=f"Choose {today} or an earlier day.",
        )
    if since > on:
        raise FutureStatement(
            "The period ends before it begins.",
            field="since",
            rule="a_statement_ends_after_it_begins",
            mend="Choose a first day before the last one.",
        )


def _sound_reading(
    customer: Customer, entity: Entity, currency: str, *, since: date, on: date, now: datetime
) -> Reading:
    """An account that foots; read again before we say no, as a posting may come between two readings."""
    for _ in range(_READINGS):
        reading = read_account(customer, entity, currency, since=since, on=on)
        if not reading.proof.faults:
            return reading
    _alarm(customer, entity, currency, reading.proof.faults, on=on, now=now)
    raise StatementDoesNotFoot(
        f"The account of {customer} in {currency} does not foot as of {on}.",
        rule="a_statement_foots",
        mend="The controllers were told. Look at the ledger's checks before you send anything.",
    )


def _alarm(
    customer: Customer, entity: Entity, currency: str, faults: list[str], *, on: date, now: datetime
) -> None:
    """Say it where it stays: on the trail, in the log, and on a controller's desk."""
    logger.error("statement_does_not_foot", customer=customer.pk, currency=currency, faults=faults)
    with transaction.atomic():
        record(
            STATEMENT_REFUSED,
            customer,
            actor=None,
            at=now,
            customer_id=customer.pk,
            entity=entity.pk,
            currency=currency,
            as_of=on,
            faults=faults,
        )
        open_work(
            kind="statement",
            key=f"statement:{customer.pk}:{entity.pk}:{currency}",
            subject=customer,
            label=f"Statement of {customer.name} does not foot",
            path=f"/customers/{customer.pk}/account/",
            why="; ".join(faults),
            now=now,
            entity=entity,
            customer_id=customer.pk,
            role="controller",
        )


def _pdf(content: dict[str, Any]) -> bytes:
    return render_statement(content, logo=logo_of(str(content["seller"]["logo"])))


@transaction.atomic
def _keep(
    key: dict[str, Any],
    content: dict[str, Any],
    reading: Reading,
    pdf: bytes,
    *,
    actor: User | None,
    now: datetime,
) -> Statement:
    digest = hashlib.sha256(pdf).hexdigest()
    name = f"statements/{digest[:2]}/{digest}.pdf"
    account = reading.account
    statement, is_new = Statement.objects.get_or_create(
        **key,
        defaults={
            "content": content,
            "opening": account.opening,
            "closing": account.closing,
            "outstanding": account.outstanding,
            "overdue": account.overdue,
            "credit": account.credit,
            "stored_name": name,
            "sha256": digest,
            "size": len(pdf),
            "made_at": now,
            "made_by": actor,
        },
    )
    if not is_new:
        return statement
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(pdf))
    record(
        STATEMENT_MADE,
        statement,
        actor=actor,
        at=now,
        customer_id=statement.customer_id,
        currency=statement.currency,
        as_of=statement.as_of,
        closing=statement.closing,
        sha256=digest,
    )
    return statement
