"""Putting approved refunds into a payment file, for a second person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid, Refused
from entities.models import BankAccount
from entities.queries import local_day, rate_on
from ledger.rules import Rate
from payments.models import Refund
from payouts import events, queries
from payouts.models import PaymentFile, Transfer
from payouts.rules import Party, check_party, plain
from team.models import User
from trail.operations import record
from work import operations as work

_MOST = 500
_FURTHEST = timedelta(days=60)


class NotPayable(Refused):
    """A refund that has left, is in another file, or has no account."""


@transaction.atomic
def plan_file(
    account: BankAccount, refunds: Sequence[Refund], *, execute_on: date, actor: User, now: datetime
) -> PaymentFile:
    """A file of these refunds, paid from `account` on that day; nothing leaves before it is approved."""
    today = local_day(account.entity, now)
    _refuse_impossible(account, refunds, execute_on, today)
    chosen = sorted({one.pk for one in refunds})
    # Whoever plans a second file with one of them waits here, and then finds it taken.
    list(Refund.objects.select_for_update(of=("self",)).filter(pk__in=chosen).order_by("pk"))
    waiting = {one.refund.pk: one for one in queries.waiting_for(account.entity)}
    for refund in refunds:
        found = waiting.get(refund.pk)
        if found is None or found.party is None:
            raise NotPayable(
                f"{refund}: {found.why if found else 'it has left, or is in another file.'}",
                field="refunds",
                rule="a_refund_is_paid_once",
                mend="Leave it out; reload the list.",
            )
    total = sum((waiting[pk].refund.amount for pk in chosen), Decimal(0))
    file = PaymentFile.objects.create(
        account=account,
        message_id=_message_id(account, today),
        execute_on=execute_on,
        count=len(chosen),
        total=total,
        planned_by=actor,
        planned_at=now,
    )
    Transfer.objects.bulk_create(
        [_transfer(file, waiting[pk].refund, party) for pk in chosen if (party := waiting[pk].party)]
    )
    functional = account.entity.functional_currency
    rate = Rate("EUR", functional, rate_on("EUR", functional, today).rate)
    work.request_approval(
        file,
        work.Question(
            kind="payment_file",
            label=f"Payment file {file.message_id}",
            path=file.get_absolute_url(),
            snapshot={"file": file.pk, "total": str(total), "refunds": chosen},
            entity=account.entity,
            amount=total,
            currency="EUR",
            amount_functional=rate.convert(total),
        ),
        actor=actor,
        now=now,
    )
    record(events.FILE_PLANNED, file, actor=actor, at=now, amount=total, currency="EUR", refunds=len(chosen))
    return file


def _refuse_impossible(
    account: BankAccount, refunds: Sequence[Refund], execute_on: date, today: date
) -> None:
    if not refunds or len(refunds) > _MOST:
        raise Invalid(
            f"A file pays 1 to {_MOST} refunds.",
            field="refunds",
            rule="a_payment_file_pays_something",
            mend="Choose what it pays.",
        )
    if account.currency != "EUR" or not account.is_active:
        raise Invalid(
            f"{account} does not pay in euros by SEPA.",
            field="account",
            rule="sepa_pays_in_euros",
            mend="Choose the company's account in euros.",
        )
    check_party(Party(account.holder, account.iban, account.bic), field="account")
    if not today <= execute_on <= today + _FURTHEST:
        raise Invalid(
            f"A bank does not pay on {execute_on}.",
            field="execute_on",
            rule="a_payment_file_is_paid_soon",
            mend=f"Use a day from {today} to {today + _FURTHEST}.",
        )


def _message_id(account: BankAccount, today: date) -> str:
    """Unique for the bank: company, day and a running number under the account's lock."""
    BankAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)
    stem = f"{plain(account.entity.code, 12)}-{today:%Y%m%d}-"
    return f"{stem}{PaymentFile.objects.filter(message_id__startswith=stem).count() + 1:03d}"


def _transfer(file: PaymentFile, refund: Refund, party: Party) -> Transfer:
    credit = refund.credit
    named = str(getattr(credit, "payment", None) or credit.reference)
    return Transfer(
        file=file,
        refund=refund,
        end_to_end=f"{file.message_id}-R{refund.pk}"[:35],
        amount=refund.amount,
        name=party.name,
        iban=party.iban,
        bic=party.bic,
        text=plain(f"Refund {refund.pk} of {named}, {file.account.entity.name}", 140),
    )
