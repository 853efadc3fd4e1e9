"""One act of the API is one function; this wraps it with what all acts share.

    @act("POST", "invoices.edit_invoice", takes=DraftIn, answers=InvoiceOut, status=201, key="needed")
    def write(request: Request, data: dict[str, Any]) -> Invoice: ...

    urlpatterns = [path("invoices/", resource(list_, write), name="invoices")]

Around the function: who may, how often, the checked body and query, versions, the Idempotency-Key, the
answer, and the act's page in the schema. The function reads its rows, calls one operation and returns what
the answer is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from core.cautions import heard
from core.errors import Stale
from core.rest import paging, versions
from core.rest.fields import Nothing, Query
from core.rest.paging import Listing
from core.rest.problems import MEDIA_TYPE, Changed, ProblemSerializer
from team.idempotency import answer_once, key_of
from team.models import User


class Call(Request):
    """A request whose caller is known: what an act is given. A name for the type; nothing is made of it."""

    user: User


Serializer = type[serializers.BaseSerializer[Any]]
_RENDERER = JSONRenderer()
_MEANING = {
    400: "The request cannot be read, or lacks its Idempotency-Key.",
    401: "No key, or one that does not work.",
    403: "The key's scopes or its account's roles do not allow this.",
    404: "There is no such record, or the account may not see it.",
    409: "Refused in the present state; nothing was changed.",
    412: "Somebody changed it since; `current` is what holds now.",
    413: "The body is above 1 MB.",
    415: "The body is not JSON.",
    422: "Some values cannot be right; `problems` names each field and rule.",
    428: "The edit lacks If-Match.",
    429: "Too many requests in this minute.",
    503: "Somebody else holds the same records; send the request again.",
}


@dataclass(frozen=True)
class Act:
    """What can be done at an address with one method, and how it is told in the schema."""

    method: str
    permission: str
    function: Callable[..., Any]
    answers: Serializer | None
    takes: Serializer | None = None
    query: Serializer | None = None
    status: int = 200
    paged: bool = False
    edits: bool = False
    key: Literal["needed", "possible"] = "possible"
    at: str = ""
    summary: str = ""
    about: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)
    files: str = ""


def act(
    method: str, permission: str, *, answers: Serializer | None = None, **given: Any
) -> Callable[[Any], Act]:
    """Make a function an act. Its docstring's first line is the summary, the rest its description.

    `takes` checks the body (passed as `data`), `query` the address (passed as `query`), `edits` asks for
    If-Match (passed as `version`), `paged` says that it returns a Listing, `at` names the address of what
    was made (Location), `files` is the media type when it answers with a file.
    """

    def wrap(function: Callable[..., Any]) -> Act:
        first, _, rest = (function.__doc__ or function.__name__).strip().partition("\n")
        return Act(
            method,
            permission,
            function,
            answers,
            summary=first.rstrip("."),
            about=" ".join(rest.split()),
            **given,
        )

    return wrap


class Endpoint(APIView):
    """The base of what `resource` makes. Acts by method; the mark of its permissions for the route tests."""

    acts: Mapping[str, Act] = {}
    permission = ""

    def run(self, one: Act, request: Call, address: Mapping[str, Any]) -> HttpResponseBase:
        """Check what came, act once, and write the answer."""
        given: dict[str, Any] = dict(address)
        if one.query is not None:
            given["query"] = _checked(one.query, request.query_params)
        elif one.method == "GET":
            _checked(Query, request.query_params)
        if one.method != "GET":
            _refuse_other_media(request)
            data = _checked(one.takes or Nothing, request.data)
            given |= {"data": data} if one.takes else {}
        if one.edits:
            given["version"] = versions.expected(request, required=True)
        try:
            return self._once(one, request, given)
        except Stale as stale:
            if "If-Match" in request.headers:
                raise self._changed(stale, request, address) from stale
            raise

    def _changed(self, stale: Stale, request: Call, address: Mapping[str, Any]) -> Changed:
        """The refusal of a stale edit, with the record as it can be read at the same address now."""
        read = self.acts.get("GET")
        if read is None or read.answers is None:
            return Changed(stale)
        present = read.function(request, **address)
        return Changed(stale, current=read.answers(present).data, etag=versions.etag(present))

    def _once(self, one: Act, request: Call, given: Mapping[str, Any]) -> HttpResponseBase:
        if one.method != "POST":
            return _answer(one, request, one.function(request, **given))
        key = key_of(request.headers.get("Idempotency-Key"), needed=one.key == "needed")
        if key is None:
            return _answer(one, request, one.function(request, **given))
        return answer_once(
            key,
            user=request.user,
            path=f"POST {request.path}",
            body=request.data,
            now=timezone.now(),
            act=lambda: _answer(one, request, one.function(request, **given)),
        )


def resource(*acts: Act) -> Callable[..., HttpResponseBase]:
    """The view of one address: one act per method."""
    body: dict[str, Any] = {one.method.lower(): _handler(one) for one in acts}
    body |= {
        "acts": {one.method: one for one in acts},
        "permission": "|".join(dict.fromkeys(one.permission for one in acts)),
        "http_method_names": [*(one.method.lower() for one in acts), "head"],
        "__module__": acts[0].function.__module__,
        "__doc__": acts[0].summary,
    }
    kind = type(f"{acts[0].function.__name__.title()}Endpoint", (Endpoint,), body)
    return kind.as_view()  # type: ignore[attr-defined, no-any-return]


def _handler(one: Act) -> Callable[..., HttpResponseBase]:
    def handle(self: Endpoint, request: Call, **address: Any) -> HttpResponseBase:
        return self.run(one, request, address)

    handle.__name__ = one.method.lower()
    handle.__doc__ = one.about or one.summary
    return _described(one)(handle)  # type: ignore[no-any-return]


def _refuse_other_media(request: Request) -> None:
    """415 for a body that is not JSON, also where something before us has read it as a form."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    has_body = request.META.get("CONTENT_LENGTH") not in (None, "", "0")
    if has_body and kind != "application/json":
        raise UnsupportedMediaType(kind)


def _checked(kind: Serializer, data: Any) -> Any:
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _answer(one: Act, request: Request, result: Any) -> HttpResponse:
    if isinstance(result, HttpResponseBase):
        return result  # type: ignore[return-value]  # a file
    if result is None or one.answers is None:
        return HttpResponse(status=204)
    headers = {}
    if hasattr(result, "lock_version"):
        headers["ETag"] = versions.etag(result)
    if one.at:
        headers["Location"] = reverse(f"api:{one.at}", args=[result.pk])
    if isinstance(result, Listing):
        page = paging.take(request, result)
        body = paging.body(request, page, list(one.answers(page.items, many=True).data))
    else:
        body = one.answers(result).data
    if said := heard():
        # Only where there is something to say: done, though it is better not done.
        body = {**body, "warnings": said}
    return HttpResponse(
        _RENDERER.render(body), status=one.status, content_type="application/json", headers=headers
    )


# --------------------------------------------------------------------------------------------- schema
class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes keys."""

    target_class = "team.api_keys.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 (the library's signature)
        """HTTP bearer."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made under Settings, API keys. It can do what its scopes name, and never "
            "more than the account behind it.",
        }


def _described(one: Act) -> Callable[[Any], Any]:
    name = one.function.__module__.partition(".")[0]
    return extend_schema(
        operation_id=f"{name}_{one.function.__name__.strip('_')}",
        tags=[name],
        summary=one.summary,
        description=one.about + f"\n\nNeeds the scope `{one.permission}`.",
        request=one.takes if one.method != "GET" else None,
        parameters=_parameters(one),
        responses=_responses(one),
        examples=[
            OpenApiExample(title, value=value, request_only=True) for title, value in one.examples.items()
        ],
    )


def _parameters(one: Act) -> list[Any]:
    found: list[Any] = [one.query] if one.query else []
    if one.paged:
        limit = {
            "type": "integer",
            "minimum": paging.SMALLEST,
            "maximum": paging.LARGEST,
            "default": paging.USUAL,
        }
        found += [
            OpenApiParameter(
                "after", str, description="Cursor: the page after it. Follow `next` instead of building it."
            ),
            OpenApiParameter("before", str, description="Cursor: the page before it."),
            OpenApiParameter("limit", limit, description="Rows per page."),
        ]
    if one.edits:
        found.append(
            OpenApiParameter(
                "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag you have read."
            )
        )
    if one.method == "POST":
        text = "The same key and body give the same answer for 24 hours; another body is refused."
        found.append(
            OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255},
                OpenApiParameter.HEADER,
                required=one.key == "needed",
                description=text,
            )
        )
    return found


def _responses(one: Act) -> dict[Any, Any]:
    good: Any = _page_of(one.answers) if one.paged and one.answers else one.answers
    if one.files:
        found: dict[Any, Any] = {
            (one.status, one.files): bytes,
            202: OpenApiResponse(description="Being made; ask again after `Retry-After` seconds."),
        }
    elif good is None:
        found = {204: OpenApiResponse(description="Done.")}
    else:
        found = {one.status: good}
    codes = {401, 403, 404, 422, 429, 503}
    if one.method != "GET" or one.files:
        codes |= {409} if one.files else {400, 409, 412, 413, 415}
    if one.edits:
        codes |= {428}
    for code in sorted(codes):
        found[code, MEDIA_TYPE] = OpenApiResponse(ProblemSerializer, description=_MEANING[code])
    return found


_pages: dict[str, Serializer] = {}


def _page_of(kind: Serializer) -> Serializer:
    """The serializer of one page of these, for the schema."""
    name = kind.__name__.removesuffix("Serializer") + "Page"
    if name not in _pages:
        link = {"allow_null": True, "help_text": "Address of the page; null at the end."}
        _pages[name] = type(
            name,
            (serializers.Serializer,),
            {
                "items": kind(many=True),
                "next": serializers.URLField(**link),  # type: ignore[arg-type]
                "previous": serializers.URLField(**link),  # type: ignore[arg-type]
                "__doc__": "One page of a list.",
            },
        )
    return _pages[name]
