"""Reading people: their roles, authority, limits and keys."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Count, Q, QuerySet

from core.rows import rows_where
from team.models import APIKey, ApprovalLimit, User
from team.roles import BY_CODE, DECIDING_ACTS, DEFAULT_LIMITS, ROLES, Role

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

# The words of the screens for the kinds of documents that are approved.
KIND_NAMES = {
    "standard_invoice": "Standard invoice at contract price",
    "manual_invoice": "Manual invoice or price override",
    "credit_note": "Credit note",
    "write_off": "Write-off",
    "refund": "Refund",
    "payment_file": "Payment file of refunds for the bank",
    "fee_waiver": "Late-fee waiver",
    "promise": "Promise far ahead, or after broken ones",
    "payment_plan": "Payment plan (months)",
    "hand_over": "Hand-over to an agency or lawyers",
    "overdue_account": "Overdue account: collector (as specialist), lead, controller",
    "master_data": "Bank details, terms, credit limit",
    "change_notice": "Notice of change to customers",
    "contract": "Contract (value of a year)",
    "bill_run": "Bill run (sum of its invoices)",
    "due_date": "Later due date of an invoice",
    "dispute": "Rejecting a dispute",
}


def role_codes(user: User) -> frozenset[str]:
    """The codes of the person's roles. Nobody signed in has none. Asked once per user object."""
    if not user.is_active:
        return frozenset()
    memory = vars(user)
    if "_role_codes" not in memory:
        memory["_role_codes"] = frozenset(user.groups.values_list("name", flat=True)) & BY_CODE.keys()
    return frozenset(memory["_role_codes"])


def rank(user: User) -> int:
    """Authority for approvals: the highest rank of the person's roles, 0 for none."""
    return max((BY_CODE[code].rank for code in role_codes(user)), default=0)


def roles_of(user: User) -> list[Role]:
    """The person's roles in the order of the table of roles."""
    codes = role_codes(user)
    return [role for role in ROLES if role.code in codes]


def people_with_role(*codes: str) -> QuerySet[User]:
    """Active people (no machine accounts) who have one of the roles."""
    return User.objects.filter(is_active=True, is_machine=False, groups__name__in=codes).distinct()


def roles_held(codes: Iterable[str]) -> list[tuple[int, str]]:
    """(person, role) of everybody in `people_with_role`, once for each of the roles they have."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(codes)])
        return list(cursor.fetchall())


# Asked at every submission, and always the same: nothing is compiled.
_HELD = """
SELECT DISTINCT u.id, g.name FROM team_user u
JOIN team_user_groups m ON m.user_id = u.id JOIN auth_group g ON g.id = m.group_id
WHERE u.is_active AND NOT u.is_machine AND g.name = ANY(%s)
"""
_LIMITS = "currency IN ('', %s) ORDER BY kind, rank"


def people_at_rank(least: int) -> QuerySet[User]:
    """Active people whose authority is at least this rank."""
    return people_with_role(*(role.code for role in ROLES if role.rank >= least))


def people(*, text: str = "", state: str = "") -> QuerySet[User]:
    """Everybody for the settings page, with `factors` (count of second factors) and `live_keys`.

    `state` is active, inactive, machine or "" for all.
    """
    found = User.objects.prefetch_related("groups").annotate(
        factors=Count("authenticator", filter=Q(authenticator__type__in=SECOND_FACTORS), distinct=True),
        live_keys=Count("api_keys", filter=Q(api_keys__revoked_at__isnull=True), distinct=True),
    )
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text))
    states = {
        "active": Q(is_active=True, is_machine=False),
        "inactive": Q(is_active=False),
        "machine": Q(is_machine=True, is_active=True),
    }
    return found.filter(states.get(state, Q())).order_by("-is_active", "name", "id")


def has_second_factor(user: User) -> bool:
    """Whether the person has set up an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists())


def needs_second_factor(user: User) -> bool:
    """Whether one of the person's roles moves money, so that a password alone is not enough."""
    return user.is_superuser or any(BY_CODE[code].moves_money for code in role_codes(user))


def limit_table(currency: str = "") -> dict[str, list[ApprovalLimit]]:
    """Kind of document -> limits, lowest authority first, for amounts in this functional currency.

    Where a kind has limits of the currency's own, those hold alone; otherwise the general ones.
    """
    table: dict[str, list[ApprovalLimit]] = {kind: [] for kind in DEFAULT_LIMITS}
    own: dict[str, list[ApprovalLimit]] = {}
    for row in rows_where(ApprovalLimit, _LIMITS, [currency]):
        (own if row.currency else table).setdefault(row.kind, []).append(row)
    return table | own


def limits_for(kind: str, currency: str = "") -> list[ApprovalLimit]:
    """The limits of one kind of document, lowest authority first. Empty: nobody may approve it."""
    return limit_table(currency).get(kind, [])


def limit_of(user: User, kind: str, currency: str = "") -> tuple[bool, Decimal | None]:
    """(may approve at all, up to which amount; None = any) for the person's best role."""
    codes = role_codes(user)
    mine = [row.limit for row in limits_for(kind, currency) if row.role in codes]
    if not mine:
        return False, None
    return True, None if None in mine else max(limit for limit in mine if limit is not None)


def api_keys() -> QuerySet[APIKey]:
    """Every API key, newest first, with the accounts behind it."""
    return APIKey.objects.select_related("user", "created_by").order_by("-created_at")


def key_allows(key: APIKey, permission: str) -> bool:
    """A key may do what its scopes name, and never more than the account behind it may.

    A key that a person made decides nothing, also one from before that was refused when it was made.
    """
    if permission in DECIDING_ACTS and key.created_by_id is not None:
        return False
    return bool(permission in key.scopes and key.user.is_active and key.user.has_perm(permission))


def scopes_for(user: User) -> list[tuple[str, str]]:
    """(permission, name) of everything a key of this account could be given: what its roles may do."""
    return named(sorted({act for role in roles_of(user) for act in role.acts}))


def scopes_people_give(user: User) -> list[tuple[str, str]]:
    """`scopes_for` without the deciding acts: what a person may give a key of this account."""
    return [(act, name) for act, name in scopes_for(user) if act not in DECIDING_ACTS]


def named(acts: Iterable[str]) -> list[tuple[str, str]]:
    """(permission, its name for people) in the given order; unknown ones keep their codename."""
    wanted = list(acts)
    codenames = [act.partition(".")[2] for act in wanted]
    rows = Permission.objects.filter(codename__in=codenames).select_related("content_type")
    names = {f"{row.content_type.app_label}.{row.codename}": row.name for row in rows}
    return [(act, names.get(act, act.partition(".")[2].replace("_", " "))) for act in wanted]


def matrix() -> list[tuple[str, str, Sequence[bool]]]:
    """The permission table as it is: (act, its name, for each role of ROLES whether it may)."""
    acts = sorted({act for role in ROLES for act in role.acts})
    return [(act, name, [act in role.acts for role in ROLES]) for act, name in named(acts)]
