"""The gateway of a company."""

from __future__ import annotations

from checkout.config import DEMO, config_of
from checkout.gateways import Gateway
from core.errors import Refused
from entities.models import Entity


class NotOnline(Refused):
    """The company takes no payments online, or this invoice cannot be paid so."""


def gateway_of(entity: Entity) -> Gateway:
    """The port as configured; refused where the company has none."""
    config = config_of(entity.code)
    if config is None:
        raise NotOnline(
            f"{entity} takes no payments online.",
            rule="online_payments_are_on",
            mend="Set CHECKOUT for this company.",
        )
    if config.gateway == DEMO:
        from checkout.gateways._demo import DemoGateway

        return DemoGateway()
    from checkout.gateways._stripe import StripeGateway

    return StripeGateway(config)
