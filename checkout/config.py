"""Which companies take payments online, by which gateway, with which secrets: the environment says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

STRIPE, DEMO = "stripe", "demo"


@dataclass(frozen=True)
class Config:
    """What one company's gateway needs. Secrets are never part of its text."""

    gateway: str
    key: str = field(default="", repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    api: str = "https://api.stripe.com"
    pages: str = "https://checkout.stripe.com"
    timeout: float = 10
    """Seconds one call may take."""

    @property
    def page_host(self) -> str:
        """Where the hosted page lies: nobody is sent anywhere else."""
        return urlsplit(self.pages).netloc


def config_of(code: str) -> Config | None:
    """How this company takes payments online; None: it does not."""
    known: Mapping[str, Any] = settings.CHECKOUT
    given = known.get(code)
    if given is None:
        return Config(DEMO) if settings.DEMO and settings.CHECKOUT_DEMO else None
    return Config(
        gateway=given.get("gateway", STRIPE),
        key=given["key"],
        webhook_secrets=tuple(given.get("webhook_secrets", ()))[:2],
        api=given.get("api", Config.api).rstrip("/"),
        pages=given.get("pages", Config.pages).rstrip("/"),
        timeout=given.get("timeout", Config.timeout),
    )
