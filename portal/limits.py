"""How often the customer's pages answer: per client and per token, counted in the shared cache."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest


@dataclass(frozen=True)
class Limit:
    """At most `most` times in a window of `seconds`."""

    name: str
    most: int
    seconds: int


CLIENT = Limit("client", 120, 60)
TOKEN = Limit("token", 60, 60)
ACTS = Limit("acts", 10, 600)
"""Promises and questions: what a person types, not what a program repeats."""
LINK_ASKS = Limit("link-asks", 5, 600)
LINK_MAILS = Limit("link-mails", 3, 3600)
"""How often a client asks for a fresh link, and how often one address is written to."""
FILES = Limit("files", 20, 60)
LOGO = Limit("logo", 60, 60)
# A guess that opened nothing. After that many the client is told to wait, whatever it asks for:
# otherwise the answer would say which guess was right.
MISSES = Limit("misses", 30, 600)


def client_of(request: HttpRequest) -> str:
    """Who asks: the address the trusted proxies vouch for; of IPv6 the network, which is one household's."""
    remote = str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    if address.version == 6 and not address.ipv4_mapped:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return str(address)


def spend(limit: Limit, who: str) -> bool:
    """Count one use; whether it was still within the limit."""
    key = _key(limit, who)
    cache.add(key, 0, limit.seconds * 2)
    try:
        used = cache.incr(key)
    except ValueError:  # thrown out of the cache between the two
        return True
    return int(used) <= limit.most


def is_spent(limit: Limit, who: str) -> bool:
    """Whether the next use would be over the limit; counts nothing."""
    return int(cache.get(_key(limit, who), 0)) >= limit.most


def _key(limit: Limit, who: str) -> str:
    window = int(time.time() // limit.seconds)
    return f"portal:{limit.name}:{window}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()[:32]}"
