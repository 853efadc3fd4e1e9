"""The cache keeps JSON."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder


class JsonSerializer:
    """Serializer of Django's Redis cache: integers stay integers, so that `incr` works; no pickle."""

    def __init__(self, protocol: int | None = None) -> None:
        """`protocol` is what Django passes to its pickle serializer; there is none here."""

    def dumps(self, obj: Any) -> bytes | int:
        """Anything JSON can say; dates and decimals become text."""
        if type(obj) is int:
            return obj
        return json.dumps(obj, cls=DjangoJSONEncoder).encode()

    def loads(self, data: bytes) -> Any:
        """What `dumps` was given, lists for tuples."""
        return json.loads(data)
