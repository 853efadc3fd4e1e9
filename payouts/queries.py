"""Reading payouts: which refunds wait to be paid, to which account, and the files that pay them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from core.errors import Invalid
from customers.queries import bank_detail
from entities import queries as entities
from entities.models import BankAccount, Entity
from payments.models import Payment, Refund
from payouts.models import PaymentFile, Transfer
from payouts.rules import Party, check_party
from team.models import User


@dataclass(frozen=True)
class Waiting:
    """An approved refund whose money has not left: where it goes, or why no file can pay it."""

    refund: Refund
    party: Party | None
    why: str


def visible_to(user: User) -> QuerySet[PaymentFile]:
    """Files of the companies this person sees."""
    return PaymentFile.objects.filter(account__entity__in=entities.visible_to(user)).select_related(
        "account__entity", "planned_by"
    )


def waiting_for(entity: Entity) -> list[Waiting]:
    """Every approved refund of the company that has not left and is in no file, the oldest first."""
    rows = (
        Refund.objects.filter(credit__entity=entity, state=Refund.State.PAID, left_on=None)
        .exclude(pk__in=Transfer.objects.filter(is_dropped=False).values("refund"))
        .select_related("customer", "credit__payment", "credit__entity")
        .order_by("paid_on", "pk")
    )
    return [_waiting(one) for one in rows[:500]]


def account_of(entity: Entity) -> BankAccount | None:
    """The account SEPA transfers of the company are paid from."""
    return entity.bank_accounts.filter(is_active=True, currency="EUR").exclude(iban="").first()


def companies_of(user: User) -> list[Entity]:
    """Companies of this person that can pay by SEPA."""
    able = BankAccount.objects.filter(is_active=True, currency="EUR").exclude(iban="").values("entity")
    return list(entities.visible_to(user).filter(is_active=True, pk__in=able).order_by("name"))


def file_with(end_to_end: str) -> Transfer | None:
    """The transfer both banks call so."""
    return Transfer.objects.filter(end_to_end=end_to_end).select_related("file", "refund").first()


def _waiting(refund: Refund) -> Waiting:
    payment: Payment | None = getattr(refund.credit, "payment", None)
    if refund.currency != "EUR":
        return Waiting(refund, None, "SEPA pays in euros only.")
    if payment is not None and payment.method == Payment.Method.CARD:
        return Waiting(refund, None, "It goes back to the card.")
    try:
        return Waiting(refund, check_party(_party(refund, payment), field="iban"), "")
    except Invalid as refusal:
        return Waiting(refund, None, refusal.message)


def _party(refund: Refund, payment: Payment | None) -> Party:
    """Back to the account it came from; where no bank said that, to the one two persons confirmed."""
    holder = refund.customer.legal_name or refund.customer.name
    if payment is not None and payment.payer_account:
        return Party(payment.payer_name or holder, payment.payer_account)
    known = bank_detail(refund.customer)
    if known is None or not known.iban:
        raise Invalid(
            "No account is known: add the customer's bank data.", field="iban", rule="a_payee_has_an_account"
        )
    return Party(known.holder or holder, known.iban, known.bic)
