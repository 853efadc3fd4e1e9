"""Refusals as application/problem+json (RFC 9457): stable types, fields, rules, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.settings import api_settings

from core.errors import DomainError, Problem, Stale, problem
from core.permissions import NotAllowed

logger = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_URN = "urn:billing-ops:problem:"

# Status -> (last part of the type, title). Clients decide by `type` or `status`, people read the rest.
KINDS: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("not-signed-in", "A valid key is needed"),
    403: ("not-allowed", "Not allowed"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "Not possible at this address"),
    409: ("refused", "Refused in the present state"),
    412: ("stale", "Somebody changed it meanwhile"),
    413: ("too-large", "The request is too large"),
    415: ("media-type", "Send JSON"),
    422: ("invalid", "Some values cannot be right"),
    428: ("version-needed", "Say which version you have seen"),
    429: ("too-many", "Too many requests"),
    500: ("fault", "Something broke here"),
    503: ("busy", "Busy just now"),
}

# What the framework calls its checks -> our rule ids.
_RULES: Mapping[str, str] = {
    "required": "field_is_given",
    "null": "field_is_not_null",
    "blank": "field_is_not_empty",
    "empty": "list_is_not_empty",
    "max_length": "text_is_short_enough",
    "min_length": "text_is_long_enough",
    "invalid_choice": "choice_is_known",
    "not_a_list": "field_is_a_list",
    "not_a_dict": "field_is_an_object",
    "max_value": "number_is_in_range",
    "min_value": "number_is_in_range",
}


class BadRequest(DomainError):
    """The request itself is wrong, before anything is decided."""

    status = 400


class VersionNeeded(DomainError):
    """An edit came without the version it is based on."""

    status = 428


class Changed(DomainError):
    """The version in If-Match is not the present one. `current` is the record as it is now."""

    status = 412

    def __init__(self, stale: Stale, *, current: Mapping[str, Any] | None = None, etag: str = "") -> None:
        super().__init__(stale.message, field="If-Match", rule=stale.rule, mend=stale.mend)
        self.stale = stale
        self.current = current
        self.etag = etag


class TooLarge(DomainError):
    """The body is above the limit."""

    status = 413


class Busy(DomainError):
    """Somebody else holds what the request needs; the same request may be sent again."""

    status = 503


@dataclass(frozen=True)
class Said:
    """A refusal ready to be written."""

    status: int
    detail: str
    problems: Sequence[Problem] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class ProblemItemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    field = serializers.CharField(help_text='Where, like "lines[0].quantity"; "" when it is no single field.')
    rule = serializers.CharField(help_text="Stable id of the rule.")
    message = serializers.CharField(help_text="What is wrong, in words.")
    mend = serializers.CharField(help_text='What would make it right; "" when nothing would.')


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457). Nothing was changed."""

    type = serializers.CharField(help_text="Stable name of the kind of refusal.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    problems = ProblemItemSerializer(many=True)
    request_id = serializers.CharField(allow_blank=True, help_text="Quote it when you ask us.")
    current = serializers.DictField(required=False, help_text="With 412: the record as it is now.")
    changed_by = serializers.CharField(required=False)
    changed_at = serializers.DateTimeField(required=False, allow_null=True)


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's EXCEPTION_HANDLER: every exception becomes a problem; unforeseen ones are logged as 500."""
    return written(said_of(error), context["request"])


def written(said: Said, request: Any) -> HttpResponse:
    """The answer for a refusal."""
    slug, title = KINDS.get(said.status, ("refused", "Refused"))
    plain = getattr(request, "_request", request)
    body = {
        "type": _URN + slug,
        "title": title,
        "status": said.status,
        "detail": said.detail,
        "problems": list(said.problems),
        "request_id": getattr(plain, "correlation_id", None) or "",
        **said.extra,
    }
    return JsonResponse(body, status=said.status, content_type=MEDIA_TYPE, headers=dict(said.headers))


def not_found(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """The answer at addresses that the interface does not have."""
    one = problem(
        f"There is nothing at {request.path[:200]}.",
        rule="the_address_exists",
        mend="Addresses are listed at /api/docs/ and end with a slash.",
    )
    return written(Said(404, one["message"], [one]), request)


def refused(status: int, text: str, rule: str, request: HttpRequest) -> HttpResponse:
    """The answer where no view of the interface was reached."""
    return written(_one(status, text, rule), request)


def said_of(error: Exception) -> Said:
    """What to say about an exception."""
    if isinstance(error, DomainError):
        return _refusal(error)
    if isinstance(error, exceptions.ValidationError):
        problems = list(_flatten(error.detail, ""))
        first = problems[0]["message"] if len(problems) == 1 else f"{len(problems)} values cannot be right."
        return Said(422, first, problems)
    if isinstance(error, NotAllowed):
        return _not_allowed(error)
    if isinstance(error, exceptions.APIException):
        return _framework(error)
    if isinstance(error, Http404):
        return _one(404, "There is no such record, or you may not see it.", "the_record_exists")
    if isinstance(error, PermissionDenied):
        return _one(403, "You may not do this.", "permission")
    return _unforeseen(error)


def _unforeseen(error: Exception) -> Said:
    """What no operation refused in words. The transaction is undone by now, so nothing was changed."""
    if isinstance(error, OperationalError):
        logger.warning("api_busy", error=str(error))
        said = _one(
            503, "Somebody else is working on the same records.", "records_are_free", "Send it again."
        )
        return replace(said, headers={"Retry-After": "1"})
    if isinstance(error, DataError):
        # The last line of defence: shapes and operations should have named the field.
        logger.warning("api_value_not_kept", error=str(error))
        return _one(422, "A value is too large to be kept.", "an_amount_can_be_kept", "Check the amounts.")
    logger.error("api_fault", exc_info=error)
    return _one(
        500,
        "Something broke on our side; nothing was changed.",
        "fault",
        "Try again, or quote the request id.",
    )


def _one(status: int, text: str, rule: str, mend: str = "") -> Said:
    return Said(status, text, [problem(text, rule=rule, mend=mend)])


def _refusal(error: DomainError) -> Said:
    extra: dict[str, Any] = {}
    headers = {"Retry-After": "1"} if error.status == 503 else {}
    stale = error.stale if isinstance(error, Changed) else error
    if isinstance(stale, Stale):
        extra = {
            "current": {name: _plain(value) for name, value in stale.current.items()},
            "changed_by": stale.changed_by,
            "changed_at": stale.changed_at,
        }
    if isinstance(error, Changed) and error.current is not None:
        extra["current"] = error.current
        headers["ETag"] = error.etag
    return Said(error.status, error.message, error.problems, extra, headers)


def _not_allowed(error: NotAllowed) -> Said:
    one = problem(
        f"This needs the permission {error.permission}.",
        rule=error.permission,
        mend="Use a key with this scope, of an account whose role may do it.",
    )
    return Said(403, one["message"], [one])


def _framework(error: exceptions.APIException) -> Said:
    rules = {400: "body_is_json", 401: "a_valid_key", 403: "permission", 405: "method", 415: "body_is_json"}
    headers: dict[str, str] = {}
    if header := getattr(error, "auth_header", ""):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    text = str(error.detail)
    mend = "Send the header Authorization: Bearer and a live key." if error.status_code == 401 else ""
    one = problem(text, rule=rules.get(error.status_code, "rate_limit"), mend=mend)
    return Said(error.status_code, text, [one], headers=headers)


def _flatten(detail: Any, path: str) -> list[Problem]:
    if isinstance(detail, Mapping):
        return [one for name, part in detail.items() for one in _flatten(part, _below(path, name))]
    if isinstance(detail, list):
        found: list[Problem] = []
        for number, part in enumerate(detail):
            nested = isinstance(part, Mapping | list)
            found += _flatten(part, f"{path}[{number}]" if nested else path)
        return found
    code = str(getattr(detail, "code", "invalid"))
    return [problem(str(detail), field=path, rule=_RULES.get(code, code), mend=_MENDS.get(code, ""))]


_MENDS: Mapping[str, str] = {
    "required": "Give a value.",
    "blank": "Give a value, or leave the field out.",
    "empty": "Give at least one.",
    "min_length": "Give more: as many as the message says.",
    "max_length": "Shorten it.",
    "min_value": "Send a larger number.",
    "max_value": "Send a smaller number.",
    "invalid_choice": "Choose one that the schema at /api/schema/ lists.",
    "amount_is_decimal": 'Write digits and one point, like "1234.50".',
    "invalid": "Send it as the schema at /api/schema/ says, days like 2026-11-27.",
    "null_characters_not_allowed": "Take the null characters out.",
    "field_is_known": "Leave it out; the schema at /api/schema/ lists what may be sent.",
    "money_is_text": 'Send it as a string, like "1234.50".',
    "null": "Give a value, or leave the field out.",
}


def _below(path: str, name: Any) -> str:
    if name == api_settings.NON_FIELD_ERRORS_KEY:
        return path
    # A nested list reports the positions of its faults as the keys of an object.
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
