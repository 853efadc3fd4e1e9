"""Named filters of a list: kept for oneself, or shared with everybody."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from core.errors import Invalid, Refused
from team.models import SavedView, User
from trail.operations import record

VIEW_SAVED = "view.saved"
VIEW_DELETED = "view.deleted"
MOST = 30


def views_of(user: User, page: str) -> QuerySet[SavedView]:
    """The person's own views of a list and those that are shared, by name."""
    return SavedView.objects.filter(Q(user=user) | Q(shared=True), page=page).select_related("user")


@transaction.atomic
def save_view(page: str, *, name: str, query: str, shared: bool, actor: User, now: datetime) -> SavedView:
    """Keep a filter under a name; the same name of the same person is replaced."""
    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise Invalid(
            "A view has a name of at most 60 characters.",
            field="name",
            rule="a_saved_view_has_a_name",
            mend="Write a short name.",
        )
    if len(query) > 500:
        raise Invalid("This filter is too long to keep.", field="query", rule="a_saved_view_is_short")
    if SavedView.objects.filter(user=actor, page=page).exclude(name=name).count() >= MOST:
        raise Refused(
            f"You have {MOST} views of this list.", rule="saved_views_are_few", mend="Delete one first."
        )
    view, _ = SavedView.objects.update_or_create(
        user=actor, page=page, name=name, defaults={"query": query, "shared": shared}
    )
    record(VIEW_SAVED, view, actor=actor, at=now, page=page, name=name, shared=shared)
    return view


@transaction.atomic
def delete_view(view: SavedView, *, actor: User, now: datetime) -> None:
    """Forget a view of one's own."""
    if view.user_id != actor.pk:
        raise Refused(
            f"This view is {view.user}'s.", rule="a_saved_view_is_its_owners", mend="Ask them to delete it."
        )
    record(VIEW_DELETED, view, actor=actor, at=now, page=view.page, name=view.name)
    view.delete()
