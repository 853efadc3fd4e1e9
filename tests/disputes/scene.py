"""Disputes for tests: made and led to a state through the operations."""

from datetime import timedelta
from decimal import Decimal

from disputes import operations
from disputes.models import Dispute
from disputes.operations import Claim
from tests.world import NOW, World

HOUR = timedelta(hours=1)
WHY = "The price on the second line is not the one we agreed on."
ANSWER = "We looked into it: the price of the contract holds, and we credit the difference."
PROOF = "The signed order of 3 March names the price that was billed."


def raised(world: World, *nets: str, claims=None, now=NOW, **given) -> Dispute:
    """A dispute of line 1 of an invoice of these net amounts, issued a week before."""
    invoice = given.pop("invoice", None) or world.issued(*(nets or ("1000.00",)), now=now - timedelta(days=7))
    return operations.raise_dispute(
        invoice,
        claims or [Claim(1)],
        **({"reason": "PRC", "detail": WHY, "channel": "staff", "actor": world.clerk, "now": now} | given),
    )


def investigated(world: World, *nets: str, now=NOW, **given) -> Dispute:
    """The same, with us."""
    dispute = raised(world, *nets, now=now, **given)
    dispute = operations.acknowledge(dispute, actor=world.clerk, now=now)
    return operations.investigate(dispute, actor=world.clerk, now=now)


def proposed(world: World, *nets: str, now=NOW, outcome="credit_note", **given) -> Dispute:
    """The same, with a proposal that waits."""
    own = {name: given.pop(name) for name in ("credit", "evidence", "root_cause") if name in given}
    dispute = investigated(world, *nets, now=now, **given)
    more = {"root_cause": "contract-data", "evidence": PROOF, **own}
    operations.propose(dispute, outcome=outcome, answer=ANSWER, actor=world.clerk, now=now, **more)
    dispute.refresh_from_db()
    return dispute


def money(text: str) -> Decimal:
    """An amount."""
    return Decimal(text)
