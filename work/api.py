"""Work items over the API: what is mine, doing it, putting it off, handing it over."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.errors import Invalid
from core.rest.fields import Amount, Choice, Input, Query, Text, Whole
from core.rest.lookup import at_address
from core.rest.paging import Listing
from team.endpoints import Call, act
from work import acting, inbox
from work.models import WorkItem

DO = "work.do_work"
_SIMPLE = [(name, name) for name in acting.DONE if name not in {"snooze", "hand_over"}]


# ------------------------------------------------------------------------------------------------ shapes
class WorkItemOut(serializers.Serializer[Any]):
    """Something a person has to do. Times in UTC; the value is money at stake, where there is some."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField(source="label")
    path = serializers.CharField(help_text="The page where it is done.")
    why = serializers.CharField(help_text="Why it exists.")
    state = serializers.ChoiceField(WorkItem.State.choices)
    owner = serializers.CharField(source="owner.email", default=None, allow_null=True)
    why_owner = serializers.CharField(help_text="Why it is theirs.")
    on_behalf_of = serializers.CharField(source="on_behalf_of.email", default=None, allow_null=True)
    role = serializers.CharField()
    entity = serializers.CharField(source="entity.code", default=None, allow_null=True)
    customer = serializers.IntegerField(source="customer_key", allow_null=True)
    value = Amount(currency="currency", allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)


class WorkQuery(Query):
    """Narrowing the list of work."""

    tab = serializers.ChoiceField(
        inbox.TABS, required=False, help_text="Left out: mine. `team` is what you may see of others."
    )


class ActIn(Input):
    """What to do with an item."""

    act = Choice(_SIMPLE)
    reason = Text(max_length=300, required=False, help_text="Outcome, or why: for block, return, decline.")


class SnoozeIn(Input):
    """For how long."""

    days = Whole(help_text="1 to 30.")


class HandOverIn(Input):
    """To whom, and why."""

    to = Text(max_length=254, required=False, help_text="Their address. Left out: the role's queue.")
    reason = Text(max_length=300)


# -------------------------------------------------------------------------------------------------- acts
@act("GET", DO, answers=WorkItemOut, query=WorkQuery, paged=True)
def list_work(request: Call, query: dict[str, Any]) -> Listing:
    """Own work, what is due first."""
    rows = inbox.listing(request.user, query.get("tab", "mine"), now=timezone.now())
    return Listing(rows, "due", {"due": "due_at"})


@act("GET", DO, answers=WorkItemOut)
def get_work(request: Call, pk: int) -> WorkItem:
    """One item of work."""
    return _item(request, pk)


@act("POST", DO, takes=ActIn, answers=WorkItemOut)
def do_work(request: Call, data: dict[str, Any], pk: int) -> WorkItem:
    """Accept, start, finish, block, take, return or decline an item, or open it again."""
    return _done(request, pk, data["act"], {"reason": data.get("reason", "")})


@act("POST", DO, takes=SnoozeIn, answers=WorkItemOut)
def snooze_work(request: Call, data: dict[str, Any], pk: int) -> WorkItem:
    """Put an item off for some days."""
    return _done(request, pk, "snooze", {"days": str(data["days"])})


@act("POST", DO, takes=HandOverIn, answers=WorkItemOut)
def hand_over_work(request: Call, data: dict[str, Any], pk: int) -> WorkItem:
    """Give an item to a colleague, or back to its role."""
    to = ""
    if data.get("to"):
        person = inbox.colleagues(request.user).filter(email__iexact=data["to"]).first()
        if person is None:
            raise Invalid(
                "No colleague has this address.", field="to", rule="work_goes_to_somebody_who_is_there"
            )
        to = str(person.pk)
    return _done(request, pk, "hand_over", {"to": to, "reason": data["reason"]})


def _done(request: Call, pk: int, name: str, sent: dict[str, str]) -> WorkItem:
    acting.act(_item(request, pk), name, sent, actor=request.user, now=timezone.now())
    return _item(request, pk)


def _item(request: Call, pk: int) -> WorkItem:
    return at_address(inbox.visible_to(request.user), pk=pk)
