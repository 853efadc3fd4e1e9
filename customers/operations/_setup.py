"""Setting up a customer in one go: party, address, tax number and first contact, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from core.errors import DomainError, Invalid, problem
from customers.models import Customer
from customers.operations._contacts import add_contact, set_address, set_tax_id
from customers.operations._customers import add_customer
from team.models import User


@transaction.atomic
def set_up_customer(
    *,
    party: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    address: Mapping[str, Any] | None = None,
    tax_id: Mapping[str, Any] | None = None,
    contact: Mapping[str, Any] | None = None,
) -> Customer:
    """`add_customer` with `party`, then the parts given, each as its own operation takes it.

    All that is wrong is said at once: after a refusal the other parts are still tried, and nothing is kept.
    The problems of a part begin with its name ("contact.email").
    """
    found: list[DomainError] = []
    customer: Customer | None = _tried(found, "", lambda: add_customer(**party, actor=actor, now=now))
    if customer is None and (address or tax_id or contact):
        # Only to try the parts on: what is refused below takes it back with everything else.
        plain = {name: party[name] for name in ("entity", "name", "country")}
        customer = _tried([], "", lambda: add_customer(**plain, actor=actor, now=now))
    parts: tuple[tuple[str, Mapping[str, Any] | None, Callable[..., Any]], ...] = (
        ("address", address, set_address),
        ("tax_id", tax_id, set_tax_id),
        ("contact", contact, add_contact),
    )
    for name, given, write in parts if customer is not None else ():
        if given:
            _tried(found, name, partial(write, customer, **given, actor=actor, now=now))
    if customer is None or found:
        raise _together(found)
    return customer


@transaction.atomic
def try_customer(*, party: Mapping[str, Any], **given: Any) -> None:
    """Say what `set_up_customer` would refuse; nothing is kept. It takes company and country."""
    if party["entity"] is None or not party["country"]:
        return
    whole = {**party, "name": party["name"] or "Name not given yet"}
    set_up_customer(party=whole, **given)
    transaction.set_rollback(True)


def _tried(found: list[DomainError], part: str, act: Callable[[], Any]) -> Any:
    """What `act` gives; None where it was refused, which is noted."""
    try:
        with transaction.atomic():
            return act()
    except DomainError as fault:
        fault.problems = tuple(
            problem(
                one["message"],
                field=".".join(filter(None, (part, one["field"]))),
                rule=one["rule"],
                mend=one["mend"],
            )
            for one in fault.problems
        )
        found.append(fault)
        return None


def _together(found: list[DomainError]) -> DomainError:
    """The one refusal as it was, or all of them as one."""
    if len(found) == 1:
        return found[0]
    problems = [one for fault in found for one in fault.problems]
    return Invalid("Several things are not right.", problems=problems)
