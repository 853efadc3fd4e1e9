"""Remittance advices for tests."""

from datetime import datetime

from banking.models import Remittance
from banking.operations import import_remittance
from tests.world import NOW, World


def advice(*rows: tuple[str, ...], head: str = "Invoice;Amount;Deduction;Reason;Payment") -> bytes:
    """A CSV with a semicolon, as many payers write it."""
    return "\n".join([head, *(";".join(row) for row in rows)]).encode()


def advised(world: World, *, now: datetime = NOW) -> Remittance:
    """An advice for one open invoice of the world."""
    invoice = world.issued("64.00", now=now)
    data = advice((str(invoice.number), "76.16", "", "", "P-1"))
    return import_remittance(world.entity, "advice.csv", data, actor=world.cash, now=now).remittance
