"""The port: what we ask of a payment gateway, whoever it is. Nothing here knows tables of ours."""

from checkout.gateways._port import (
    Declined,
    Disputed,
    Gateway,
    Knock,
    NoAnswer,
    Order,
    Outcome,
    Page,
    Repaid,
)

__all__ = ["Declined", "Disputed", "Gateway", "Knock", "NoAnswer", "Order", "Outcome", "Page", "Repaid"]
