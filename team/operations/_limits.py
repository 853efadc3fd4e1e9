"""What each role may do, and up to which amount alone."""

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from core.errors import Invalid, Refused
from core.money import LARGEST, exponent
from team import events
from team.models import ApprovalLimit, User
from team.roles import BY_CODE, DEFAULT_LIMITS, ROLES
from trail.operations import record


@transaction.atomic
def set_limit(
    *, kind: str, role: str, limit: Decimal | None, actor: User | None, now: datetime, currency: str = ""
) -> ApprovalLimit:
    """Up to which amount a role approves a kind; None means any amount. `currency` "" is the general row."""
    if kind not in DEFAULT_LIMITS:
        raise Invalid(f"“{kind}” is not approved by anybody.", field="kind", rule="approval_kind_is_known")
    if role not in BY_CODE or not BY_CODE[role].rank:
        raise Invalid("This role approves nothing.", field="role", rule="the_role_has_authority")
    if limit is not None and limit < 0:
        raise Invalid(
            "A limit is zero or more.",
            field="limit",
            rule="a_limit_is_not_negative",
            mend="Enter 0 for nothing, or leave it empty for any amount.",
        )
    if limit is not None and limit >= LARGEST:
        raise Invalid(
            f"{limit} has more than fifteen digits.",
            field="limit",
            rule="a_limit_fits_the_book",
            mend="Leave it empty for any amount.",
        )
    if currency:
        exponent(currency)  # refuses what is no currency
    row, made = ApprovalLimit.objects.select_for_update().get_or_create(
        kind=kind, role=role, currency=currency, defaults={"rank": BY_CODE[role].rank, "limit": limit}
    )
    before = None if made else row.limit
    if made or before != limit:
        row.limit = limit
        row.save(update_fields=["limit"])
        changes = {"limit": ("none" if made else _any(before), _any(limit))}
        record(events.LIMIT_CHANGED, row, actor=actor, at=now, changes=changes, kind=kind, role=role)
    return row


@transaction.atomic
def remove_limit(row: ApprovalLimit, *, actor: User | None, now: datetime) -> None:
    """The role no longer approves the kind. Somebody above must still be able to."""
    row = ApprovalLimit.objects.select_for_update().get(pk=row.pk)
    others = ApprovalLimit.objects.filter(kind=row.kind, currency=row.currency).exclude(pk=row.pk)
    if row.limit is None and not others.filter(limit=None).exists():
        raise Refused(
            "Somebody must be able to approve any amount.",
            rule="some_role_approves_any_amount",
            mend="Give another role no limit first.",
        )
    changes = {"limit": (_any(row.limit), "none")}
    record(events.LIMIT_CHANGED, row, actor=actor, at=now, changes=changes, kind=row.kind, role=row.role)
    row.delete()


@transaction.atomic
def sync_roles() -> None:
    """Make the groups equal to the table of roles, and fill in approval limits nobody has set yet.

    Runs after migrate. Limits that staff changed stay; a kind that is new gets its default rows.
    """
    known = {
        f"{row.content_type.app_label}.{row.codename}": row
        for row in Permission.objects.select_related("content_type")
    }
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role.code)
        # An act whose app is not installed yet has no row; a test holds every act to be real.
        group.permissions.set(known[act] for act in role.acts if act in known)
    present = set(ApprovalLimit.objects.values_list("kind", flat=True))
    ApprovalLimit.objects.bulk_create(
        ApprovalLimit(kind=kind, role=role, rank=BY_CODE[role].rank, limit=limit)
        for kind, rows in DEFAULT_LIMITS.items()
        if kind not in present
        for role, limit in rows
    )


def _any(limit: Decimal | None) -> str:
    return "any" if limit is None else f"{limit.normalize():f}"
