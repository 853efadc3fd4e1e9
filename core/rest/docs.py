"""The description of the API: the schema for programs, a page of the same for people.

The page is written here and not by Swagger UI, whose markup is not accessible and whose script is 1.5 MB.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from core.permissions import public

_NO_DATA = "the description of the API holds no data, and integrations read it before they have a key"

schema = public(_NO_DATA)(
    SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[AllowAny], throttle_classes=[])
)

Schema = Mapping[str, Any]
_QUOTED = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Value:
    """A parameter or a field: where it stands, what it holds, whether it is needed."""

    name: str
    kind: str
    needed: bool
    about: SafeString


@dataclass(frozen=True)
class Described:
    """One act of the API in words."""

    id: str
    method: str
    path: str
    summary: str
    about: SafeString
    parameters: list[Value]
    takes: list[Value]
    answers: list[Value]
    statuses: list[tuple[str, SafeString]]
    example: str


@require_GET
@public(_NO_DATA)
def docs(request: HttpRequest) -> HttpResponse:
    """Every act of the API with its parameters, fields and answers."""
    intro = _prose(_whole()["info"]["description"])
    return render(request, "api/docs.html", {"groups": described(), "intro": intro})


def _prose(text: str) -> SafeString:
    """A description for a page: what stands between backticks is code."""
    return mark_safe(_QUOTED.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 (escaped before)


@cache
def _whole() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


@cache
def described() -> dict[str, list[Described]]:
    """The acts by tag, in the order of their addresses."""
    groups: dict[str, list[Described]] = {}
    for path, methods in _whole()["paths"].items():
        for method, act in methods.items():
            groups.setdefault(act["tags"][0], []).append(_act(path, method, act))
    return groups


def _act(path: str, method: str, act: Schema) -> Described:
    body = act.get("requestBody", {}).get("content", {}).get("application/json", {})
    good = [answer for status, answer in act["responses"].items() if status < "300"]
    made = good[0].get("content", {}).get("application/json", {}) if good else {}
    examples = [one["value"] for one in body.get("examples", {}).values()]
    return Described(
        id=act["operationId"],
        method=method.upper(),
        path=path,
        summary=act["summary"].replace("`", ""),
        about=_prose(act["description"].strip()),
        parameters=[
            Value(
                one["name"],
                f"{_kind(one['schema'])}, {one['in']}",
                one.get("required", False),
                _prose(one.get("description", "")),
            )
            for one in act.get("parameters", [])
        ],
        takes=list(_fields(body.get("schema", {}))),
        answers=list(_fields(made.get("schema", {}))),
        statuses=[
            (status, _prose(answer.get("description", ""))) for status, answer in act["responses"].items()
        ],
        example=json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else "",
    )


def _fields(shape: Schema, path: str = "", depth: int = 0) -> Iterator[Value]:
    """The fields of an object and, indented by their path, those of the objects in it."""
    found = _resolved(shape)
    needed = found.get("required", [])
    for name, field in found.get("properties", {}).items():
        inner = _resolved(field.get("items", field))
        where = f"{path}{name}" + ("[]" if "items" in field else "")
        yield Value(where, _kind(field), name in needed, _prose(field.get("description", "")))
        if "properties" in inner and depth < 3:
            yield from _fields(inner, f"{where}.", depth + 1)


def _resolved(shape: Schema) -> Schema:
    for part in (shape, *shape.get("allOf", []), *shape.get("oneOf", [])):
        if reference := part.get("$ref", ""):
            return _resolved(_whole()["components"]["schemas"][reference.rpartition("/")[2]])
    return shape


def _kind(shape: Schema) -> str:
    """What a value is, in a few words."""
    found = _resolved(shape)
    if "enum" in found:
        return " | ".join(str(one) for one in found["enum"])
    kinds = found.get("type", "object")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "items" in found:
        return f"list of {_kind(found['items'])}"
    longest = f", at most {found['maxLength']}" if "maxLength" in found else ""
    return f"{words} ({found['format']}){longest}" if "format" in found else words + longest
