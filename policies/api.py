"""Policies over the API, read only: what was published."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from core.rest.lookup import at_address
from core.rest.paging import Listing
from policies import queries
from policies.models import Policy, PolicyVersion
from team.endpoints import Call, act

VIEW = "policies.view_policy"


class VersionOut(serializers.Serializer[Any]):
    """One published text of a policy."""

    number = serializers.IntegerField()
    status = serializers.CharField()
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    text_hash = serializers.CharField(help_text="SHA-256 of the text of record.")
    public_url = serializers.SerializerMethodField()

    def get_public_url(self, version: PolicyVersion) -> str:
        """The page that opens without sign-in."""
        return f"{settings.BASE_URL}{queries.public_path(version)}"


class VersionDetailOut(VersionOut):
    """One published text of a policy with its clauses."""

    policy = serializers.CharField(source="policy.code")
    clauses = serializers.DictField(help_text="The clauses that the engine executes.")
    change_note = serializers.CharField()


class PolicyOut(serializers.Serializer[Any]):
    """A policy and its published versions, the newest first."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    default_for = serializers.CharField(source="default_for.code", default=None, allow_null=True)
    versions = VersionOut(many=True, source="published")


@act("GET", VIEW, answers=PolicyOut, paged=True)
def list_policies(request: Call) -> Listing:
    """Policies by code."""
    return Listing(_rows(request).order_by(), "code", {"code": "code"})


@act("GET", VIEW, answers=PolicyOut)
def get_policy(request: Call, pk: int) -> Policy:
    """One policy."""
    return at_address(_rows(request), pk=pk)


@act("GET", VIEW, answers=VersionDetailOut)
def get_version(request: Call, pk: int, number: int) -> PolicyVersion:
    """One published version with its clauses."""
    policy = at_address(queries.visible_to(request.user), pk=pk)
    rows = policy.versions.filter(status__in=queries.PUBLISHED).select_related("policy")
    return at_address(rows, number=number)


def _rows(request: Call) -> QuerySet[Policy]:
    published = PolicyVersion.objects.filter(status__in=queries.PUBLISHED).order_by("-number")
    return (
        queries.visible_to(request.user)
        .select_related("default_for")
        .prefetch_related(Prefetch("versions", queryset=published, to_attr="published"))
    )
