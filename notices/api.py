"""Notices over the API: one's own, and confirming what must be read."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from rest_framework import serializers

from core.rest.fields import Query
from core.rest.lookup import at_address
from core.rest.paging import Listing
from notices import operations, queries
from notices.models import Notice
from team.endpoints import Call, act

READ = "notices.read_notice"


class NoticeOut(serializers.Serializer[Any]):
    """What a person is told. `diff`: [what, before, after] for each difference."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    path = serializers.CharField(allow_blank=True, help_text="The page of the record.")
    diff = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    must_read = serializers.BooleanField()
    made_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class NoticesQuery(Query):
    """Narrowing the list of notices."""

    waiting = serializers.BooleanField(required=False, help_text="Only unread ones and those to confirm.")


@act("GET", READ, answers=NoticeOut, query=NoticesQuery, paged=True)
def list_notices(request: Call, query: dict[str, Any]) -> Listing:
    """Own notices, the newest first."""
    rows = queries.notices_of(request.user)
    if query.get("waiting"):
        rows = rows.filter(Q(read_at__isnull=True) | Q(must_read=True, acknowledged_at__isnull=True))
    return Listing(rows, "-made", {"made": "made_at"})


@act("GET", READ, answers=NoticeOut)
def get_notice(request: Call, pk: int) -> Notice:
    """One own notice."""
    return at_address(queries.notices_of(request.user), pk=pk)


@act("POST", READ, answers=NoticeOut)
def acknowledge_notice(request: Call, pk: int) -> Notice:
    """Confirm that you have read and understood it, or note it as read where nothing is to confirm."""
    notice, now = at_address(queries.notices_of(request.user), pk=pk), timezone.now()
    if notice.must_read:
        return operations.acknowledge_notice(notice, actor=request.user, now=now)
    return operations.read_notice(notice, actor=request.user, now=now)
