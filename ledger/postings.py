"""The posting table: every event of the receivables book as balanced legs.

Signs: + debit, - credit. `amount_doc` is in the document's currency, `amount_functional` in that of the
books; both columns of every entry add up to 0, because exchange differences have no document amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.errors import DomainError, Invalid
from core.money import split, unit
from ledger.accounts import (
    ALLOWANCE,
    BAD_DEBTS,
    BANK,
    BANK_CHARGES,
    CUSTOMER_CREDIT,
    DEPOSITS,
    DISCOUNTS,
    FX_GAIN_LOSS,
    RECEIVABLES,
    RETURNS,
    REVENUE,
    ROUNDING,
    UNIDENTIFIED,
    UNREALISED_FX,
    WITHHELD,
    tax_account,
)
from ledger.relief import Item, Rate, relief


class Unbalanced(DomainError):
    """Legs that do not add up to nothing. Never the asker's fault: a rule is wrong."""


@dataclass(frozen=True)
class Leg:
    """One line of an entry. `item` is the `ref` of the open item it touches, or "1", "2" for new ones."""

    account: str
    amount_doc: Decimal
    amount_functional: Decimal
    item: str = ""


@dataclass(frozen=True)
class Tax:
    """An amount of output tax, >= 0; `component` is "" or CGST, SGST, UTGST, IGST."""

    amount: Decimal
    component: str = ""

    @property
    def account(self) -> str:
        """The liability account of the component."""
        return tax_account(self.component)


@dataclass(frozen=True)
class Deposit:
    """A deposit invoice that a final invoice uses up: net and taxes, and what they were booked at."""

    net: Decimal
    net_functional: Decimal
    taxes: tuple[Tax, ...] = ()
    taxes_functional: tuple[Decimal, ...] = ()


def check_balanced(legs: Sequence[Leg]) -> list[Leg]:
    """The legs without empty ones; `Unbalanced` if either column does not add up to 0."""
    kept = [leg for leg in legs if leg.amount_doc or leg.amount_functional]
    if sum(leg.amount_doc for leg in kept) or sum(leg.amount_functional for leg in kept):
        raise Unbalanced(f"The entry does not balance: {kept}", rule="entry_balances")
    return kept


def reverse(legs: Sequence[Leg]) -> list[Leg]:
    """The mirror entry: a bounced payment, an undone allocation, the first day after a revaluation."""
    return [Leg(leg.account, -leg.amount_doc, -leg.amount_functional, leg.item) for leg in legs]


def issue(
    *,
    net: Decimal,
    taxes: Sequence[Tax],
    instalments: Sequence[Decimal],
    rate: Rate,
    rounding: Decimal = Decimal(0),
    deposit: Deposit | None = None,
    account: str = REVENUE,
) -> list[Leg]:
    """An issued invoice, debit note, deposit (account=DEPOSITS) or late fee (account=LATE_FEES).

    One receivable leg per instalment (item "1", "2", ...); together they are net + taxes + rounding, less a
    `deposit` used up. Receivables and taxes are converted on their own and revenue takes the rounding. A
    reverse-charge or exempt invoice has no taxes.
    """
    used = deposit or Deposit(Decimal(0), Decimal(0))
    total = net + _sum(taxes) + rounding - used.net - _sum(used.taxes)
    if sum(instalments) != total:
        raise Invalid(
            f"The instalments add up to {sum(instalments)}, the document to {total}.",
            field="instalments",
            rule="instalments_make_the_total",
        )
    parts = split(rate.convert(total), [abs(part) for part in instalments], unit=unit(rate.functional))
    legs = [
        Leg(RECEIVABLES, part, functional, str(number))
        for number, (part, functional) in enumerate(zip(instalments, parts, strict=True), start=1)
    ]
    legs += [Leg(tax.account, -tax.amount, -rate.convert(tax.amount)) for tax in taxes]
    legs.append(Leg(ROUNDING, -rounding, -rate.convert(rounding)))
    return _with_rest([*legs, *_used_up(used)], account, -net)


def _used_up(deposit: Deposit) -> list[Leg]:
    return [
        Leg(DEPOSITS, deposit.net, deposit.net_functional),
        *(
            Leg(tax.account, tax.amount, functional)
            for tax, functional in zip(deposit.taxes, deposit.taxes_functional, strict=True)
        ),
    ]


def credit_note(
    *,
    net: Decimal,
    taxes: Sequence[Tax],
    rate: Rate,
    open_parts: Sequence[tuple[Item, Decimal]] = (),
    rounding: Decimal = Decimal(0),
    deposit: Deposit | None = None,
    account: str = RETURNS,
) -> list[Leg]:
    """A credit note (positive amounts) at the invoice's own `rate`.

    `open_parts` says how much of which open item it settles; the rest becomes customer credit (item
    "credit"). `account`, LATE_FEES when a late charge is waived and DEPOSITS of a deposit, takes the rounding
    between the currencies. `deposit`: what the invoice had taken off stands as a deposit again.
    """
    used = deposit or Deposit(Decimal(0), Decimal(0))
    total = net + _sum(taxes) + rounding - used.net - _sum(used.taxes)
    rest = total - sum((value for _, value in open_parts), Decimal(0))
    if rest < 0:
        raise Invalid(
            f"The credit note of {total} settles more than itself.",
            field="amount",
            rule="credit_within_itself",
        )
    legs = [Leg(tax.account, tax.amount, rate.convert(tax.amount)) for tax in taxes]
    legs.append(Leg(ROUNDING, rounding, rate.convert(rounding)))
    legs += _settled(RECEIVABLES, open_parts, rate.functional)
    legs.append(Leg(CUSTOMER_CREDIT, -rest, -rate.convert(rest), "credit"))
    legs += reverse(_used_up(used))
    return _with_rest(legs, account, net)


def receipt(
    *,
    amount: Decimal,
    rate: Rate,
    fee: Decimal = Decimal(0),
    withheld: Decimal = Decimal(0),
    identified: bool = True,
) -> list[Leg]:
    """Money received: what the customer is credited with (`amount`) = bank + `fee` + tax `withheld` (TDS).

    The credit waits as the customer's (item "credit"), or on 1200 while nobody knows who paid.
    """
    parts = ((BANK, amount - fee - withheld), (BANK_CHARGES, fee), (WITHHELD, withheld))
    if min(value for _, value in parts) < 0:
        raise Invalid("Fee and withheld tax are part of the receipt.", field="amount", rule="receipt_parts")
    legs = [Leg(account, value, rate.convert(value)) for account, value in parts]
    return _with_rest(legs, CUSTOMER_CREDIT if identified else UNIDENTIFIED, -amount, item="credit")


def identify(*, amount: Decimal, functional: Decimal) -> list[Leg]:
    """A receipt nobody knew becomes the credit of a customer, at what it was booked for."""
    return check_balanced(
        [Leg(UNIDENTIFIED, amount, functional), Leg(CUSTOMER_CREDIT, -amount, -functional, "credit")]
    )


def withholding(*, amount: Decimal, rate: Rate) -> list[Leg]:
    """Tax the buyer withheld (TDS), learnt after the receipt: the customer is credited with it too."""
    return _with_rest([Leg(WITHHELD, amount, rate.convert(amount))], CUSTOMER_CREDIT, -amount, item="credit")


def allocate(*, credit: Item, debit: Item, amount: Decimal, functional: str) -> list[Leg]:
    """Settle `amount` of a debit item with a credit item; each leaves at its own book value.

    The difference is realised exchange gain (credit) or loss. `Refused` above what is open on either.
    """
    legs = [
        Leg(CUSTOMER_CREDIT, amount, relief(credit, amount, functional), credit.ref),
        *_settled(RECEIVABLES, [(debit, amount)], functional),
    ]
    return _with_rest(legs, FX_GAIN_LOSS, Decimal(0))


def discount(*, debit: Item, net: Decimal, taxes: Sequence[Tax], rate: Rate) -> list[Leg]:
    """An early payment discount: net to 4100, its tax back from output tax, at the invoice's `rate`."""
    return _given_up(DISCOUNTS, debit, net, taxes, rate)


def write_off(*, debit: Item, loss: Decimal, taxes: Sequence[Tax], rate: Rate) -> list[Leg]:
    """A receivable given up directly; `taxes` are empty where there is no tax relief."""
    return _given_up(BAD_DEBTS, debit, loss, taxes, rate)


def small_difference(*, debit: Item, amount: Decimal, functional: str) -> list[Leg]:
    """A shortfall within tolerance; no tax changes."""
    return _with_rest(_settled(RECEIVABLES, [(debit, amount)], functional), ROUNDING, amount)


def absorb_overpayment(*, credit: Item, amount: Decimal, functional: str) -> list[Leg]:
    """A small overpayment taken to income, where the policy and the law allow it."""
    return _with_rest(
        [Leg(CUSTOMER_CREDIT, amount, relief(credit, amount, functional), credit.ref)], ROUNDING, -amount
    )


def recovery(written_off: Sequence[Leg], amount: Decimal, *, currency: str, functional: str) -> list[Leg]:
    """Bring back `amount` of a write-off before its late receipt is booked, and its tax in proportion."""
    receivable = [leg for leg in written_off if leg.account == RECEIVABLES]
    total = -sum((leg.amount_doc for leg in receivable), Decimal(0))
    if not 0 < amount <= total:
        raise Invalid(
            f"{amount} of {total} written off cannot come back.",
            field="amount",
            rule="recovery_within_write_off",
        )
    booked = -sum((leg.amount_functional for leg in receivable), Decimal(0))
    back = relief(Item(total, booked, total, booked), amount, functional)
    lost = [leg for leg in written_off if leg.account != RECEIVABLES]
    docs = split(amount, [leg.amount_doc for leg in lost], unit=unit(currency))
    books = split(back, [leg.amount_functional for leg in lost], unit=unit(functional))
    legs = [Leg(RECEIVABLES, amount, back, receivable[0].item)]
    legs += [Leg(leg.account, -doc, -book) for leg, doc, book in zip(lost, docs, books, strict=True)]
    return check_balanced(legs)


def refund(*, credit: Item, amount: Decimal, rate: Rate) -> list[Leg]:
    """Customer credit paid back at the day's `rate`; `Refused` above what is unapplied."""
    legs = [
        Leg(CUSTOMER_CREDIT, amount, relief(credit, amount, rate.functional), credit.ref),
        Leg(BANK, -amount, -rate.convert(amount)),
    ]
    return _with_rest(legs, FX_GAIN_LOSS, Decimal(0))


def bounce(received: Sequence[Leg]) -> list[Leg]:
    """A returned payment or chargeback: the mirror of its receipt, after its allocations were undone."""
    return reverse(received)


def bank_fee(*, amount: Decimal, rate: Rate) -> list[Leg]:
    """A charge the bank takes on its own, for example for a returned payment."""
    return _with_rest([Leg(BANK_CHARGES, amount, rate.convert(amount))], BANK, -amount)


def provide_allowance(amount: Decimal) -> list[Leg]:
    """Set an amount (functional currency) aside for doubtful debts; a negative one is released."""
    return check_balanced([Leg(BAD_DEBTS, amount, amount), Leg(ALLOWANCE, -amount, -amount)])


def use_allowance(*, debit: Item, amount: Decimal, functional: str) -> list[Leg]:
    """Write a receivable off against the allowance made before."""
    return _with_rest(_settled(RECEIVABLES, [(debit, amount)], functional), ALLOWANCE, amount)


def revalue(items: Sequence[Item], closing: Rate, owed: Sequence[Item] = ()) -> list[Leg]:
    """Open receivables, and what is `owed` to customers, at the closing rate; reversed on day 1."""
    legs = [
        Leg(account, Decimal(0), sign * (closing.convert(item.open_amount) - item.open_functional), item.ref)
        for account, sign, side in ((RECEIVABLES, 1, items), (CUSTOMER_CREDIT, -1, owed))
        for item in side
    ]
    return _with_rest(legs, UNREALISED_FX, Decimal(0))


def _given_up(account: str, debit: Item, net: Decimal, taxes: Sequence[Tax], rate: Rate) -> list[Leg]:
    legs = _settled(RECEIVABLES, [(debit, net + _sum(taxes))], rate.functional)
    legs += [Leg(tax.account, tax.amount, rate.convert(tax.amount)) for tax in taxes]
    return _with_rest(legs, account, net)


def _settled(account: str, parts: Sequence[tuple[Item, Decimal]], functional: str) -> list[Leg]:
    return [Leg(account, -value, -relief(item, value, functional), item.ref) for item, value in parts]


def _with_rest(legs: Sequence[Leg], account: str, amount_doc: Decimal, *, item: str = "") -> list[Leg]:
    """The legs and one more that takes what is left over in functional currency."""
    rest = -sum((leg.amount_functional for leg in legs), Decimal(0))
    return check_balanced([*legs, Leg(account, amount_doc, rest, item)])


def _sum(taxes: Sequence[Tax]) -> Decimal:
    return sum((tax.amount for tax in taxes), Decimal(0))
