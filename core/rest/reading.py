"""Reading requests: JSON only, of at most a megabyte, and the answer is JSON whatever Accept says."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from core.rest.problems import TooLarge

MOST_BYTES = 1024 * 1024


class StrictJSON(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no name twice in one object."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 (DRF's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """The parsed body. A body above the limit is not read to its end."""
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TooLarge(
                "A request has at most 1 MB.",
                rule="body_is_small_enough",
                mend="Send less at a time.",
            )
        try:
            text = codecs.decode(content, "utf-8")
            return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
        except UnicodeDecodeError as fault:
            raise ParseError("The body is not UTF-8.") from fault
        except RecursionError as fault:
            raise ParseError("The body is nested too deeply.") from fault
        except ValueError as fault:
            raise ParseError(f"The body is not JSON: {fault}") from fault


class AlwaysJSON(DefaultContentNegotiation):
    """There is one kind of answer, so what the caller accepts is not asked."""

    def select_renderer(  # type: ignore[override]
        self,
        request: Request,  # noqa: ARG002 (DRF's signature)
        renderers: Sequence[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        """The JSON renderer."""
        return renderers[0], str(renderers[0].media_type)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{twice[:40]}” stands twice in one object")
    return found
