"""Writing people: accounts, roles, limits and keys."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core import edits
from core.errors import Invalid, Refused
from team import events, queries
from team.models import APIKey, ApprovalLimit, User
from team.roles import BY_CODE, DECIDING_ACTS, DEFAULT_LIMITS, ROLES
from trail.operations import record

LONGEST_KEY_LIFE = timedelta(days=366)
# A key's last use is written at most this often: a busy integration must not write at every call.
_USE_NOTED_EVERY = timedelta(minutes=1)
_PERSON_FIELDS = ("name", "language", "time_zone")


@transaction.atomic
def add_person(
    *,
    email: str,
    name: str,
    roles: Collection[str],
    actor: User | None,
    now: datetime,
    password: str | None = None,
    hashed: str = "",
    language: str = "en",
    time_zone: str = "UTC",
    is_machine: bool = False,
) -> User:
    """Make an account. Without a password the person sets one through "forgot password".

    `hashed` is the hash of that password where the caller has it: many people of a demo share one, and a
    hash is slow on purpose. A machine account never has a password: it acts through API keys only.
    """
    email = email.strip()
    _check_address(email)
    _check_roles(roles)
    if is_machine and password:
        raise Invalid("A machine account has no password.", field="password", rule="machines_use_keys")
    user = User(email=User.objects.normalize_email(email), name=name.strip())
    user.language, user.time_zone, user.is_machine = language, time_zone, is_machine
    if not user.name:
        raise Invalid("A person needs a name.", field="name", rule="a_person_has_a_name")
    if password is not None:
        _check_password(password, user)
    if password is not None and hashed:
        user.password = hashed
    else:
        user.set_password(password)
    user.save(force_insert=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    record(
        events.PERSON_ADDED,
        user,
        actor=actor,
        at=now,
        email=user.email,
        roles=sorted(roles),
        machine=is_machine,
    )
    return user


@transaction.atomic
def edit_person(user: User, *, actor: User | None, now: datetime, **values: str) -> User:
    """Change name, language or time zone."""
    user = User.objects.select_for_update().get(pk=user.pk)
    changes = edits.apply(user, {name: value for name, value in values.items() if name in _PERSON_FIELDS})
    if changes:
        user.save(update_fields=list(changes))
        record(events.PERSON_EDITED, user, actor=actor, at=now, changes=changes)
    return user


@transaction.atomic
def set_roles(user: User, *, roles: Collection[str], actor: User | None, now: datetime) -> User:
    """Give the person exactly these roles. Nobody changes their own; one administrator always stays."""
    user = User.objects.select_for_update().get(pk=user.pk)
    _refuse_self(user, actor, "roles")
    _check_roles(roles)
    before = queries.role_codes(user)
    after = frozenset(roles)
    if before == after:
        return user
    if "administrator" in before - after:
        _refuse_last_administrator(user)
    user.groups.set(Group.objects.filter(name__in=after))
    _forget_rights(user)
    changes = {"roles": (", ".join(sorted(before)), ", ".join(sorted(after)))}
    record(events.ROLES_CHANGED, user, actor=actor, at=now, changes=changes)
    return user


@transaction.atomic
def deactivate_person(user: User, *, actor: User | None, now: datetime) -> User:
    """The account ends at once: no session and no key of it works any more. The trail keeps its name."""
    user = User.objects.select_for_update().get(pk=user.pk)
    _refuse_self(user, actor, "account")
    if not user.is_active:
        raise Refused(f"{user} is already deactivated.", rule="an_account_ends_once")
    if "administrator" in queries.role_codes(user):
        _refuse_last_administrator(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    for key in APIKey.objects.select_for_update().filter(user=user, revoked_at=None).order_by("pk"):
        _revoke(key, actor=actor, now=now)
    record(events.PERSON_DEACTIVATED, user, actor=actor, at=now, changes={"is_active": (True, False)})
    return user


@transaction.atomic
def reactivate_person(user: User, *, actor: User | None, now: datetime) -> User:
    """The person is back: the old password and roles hold again, the revoked keys do not."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active:
        raise Refused(f"{user} is active.", rule="an_active_account_is_not_reactivated")
    user.is_active = True
    user.save(update_fields=["is_active"])
    record(events.PERSON_REACTIVATED, user, actor=actor, at=now, changes={"is_active": (False, True)})
    return user


@transaction.atomic
def reset_second_factor(user: User, *, actor: User | None, now: datetime, reason: str) -> User:
    """Remove every second factor of somebody who lost theirs; the next sign-in asks for a new one."""
    user = User.objects.select_for_update().get(pk=user.pk)
    _refuse_self(user, actor, "second factor")
    if not reason.strip():
        raise Invalid("Say how you made sure who asked.", field="reason", rule="a_reset_has_a_reason")
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if not removed:
        raise Refused(f"{user} has no second factor.", rule="there_is_something_to_reset")
    record(events.SECOND_FACTOR_RESET, user, actor=actor, at=now, reason=reason.strip())
    return user


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
        raise Invalid("A limit is zero or more.", field="limit", rule="a_limit_is_not_negative")
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
def create_key(
    user: User,
    *,
    name: str,
    scopes: Collection[str],
    expires_at: datetime,
    actor: User | None,
    now: datetime,
) -> tuple[APIKey, str]:
    """A key for the account, and its text, which exists only in this answer: the database keeps a hash.

    Scopes are permissions the account has; the key lives at most a year. A person (`actor`) gives no deciding
    act, whoever the account is: whoever holds the text would be somebody's second person. The command of the
    operator (no actor) may. Who made it stands on the key and on the account's page.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise Refused(f"{user} is deactivated.", field="user", rule="keys_belong_to_active_accounts")
    if not name.strip():
        raise Invalid("Name the key after what uses it.", field="name", rule="a_key_has_a_name")
    if not now < expires_at <= now + LONGEST_KEY_LIFE:
        raise Invalid(
            "A key ends within a year.",
            field="expires_at",
            rule="an_api_key_expires",
            mend="Choose an earlier day.",
        )
    _check_scopes(user, scopes)
    if actor is not None:
        _refuse_deciding(scopes)
    prefix, raw = _new_key()
    key = APIKey.objects.create(
        user=user,
        name=name.strip(),
        prefix=prefix,
        key_hash=_hash(raw),
        scopes=sorted(set(scopes)),
        created_at=now,
        created_by=actor,
        expires_at=expires_at,
    )
    record(
        events.KEY_CREATED,
        key,
        actor=actor,
        at=now,
        account=user.email,
        person=user.pk,
        scopes=key.scopes,
        expires_at=expires_at,
    )
    return key, raw


@transaction.atomic
def revoke_key(key: APIKey, *, actor: User | None, now: datetime) -> APIKey:
    """The key stops working at once."""
    key = APIKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at:
        raise Refused("This key was already revoked.", rule="a_key_is_revoked_once")
    return _revoke(key, actor=actor, now=now)


def authenticate_key(raw: str, *, now: datetime) -> APIKey | None:
    """The live key with this text, its account loaded; None for anything else, whatever the cause.

    What the caller may do is asked per act with `queries.key_allows`.
    """
    parts = raw.split("_")
    if len(parts) < 3 or parts[0] != "bo":
        return None
    key = APIKey.objects.select_related("user").filter(prefix=f"bo_{parts[1]}").first()
    if key is None or not hmac.compare_digest(key.key_hash, _hash(raw)):
        return None
    if key.revoked_at or key.expires_at <= now or not key.user.is_active:
        return None
    if key.last_used_at is None or now - key.last_used_at >= _USE_NOTED_EVERY:
        APIKey.objects.filter(pk=key.pk).update(last_used_at=now)
        key.last_used_at = now
    return key


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


def _revoke(key: APIKey, *, actor: User | None, now: datetime) -> APIKey:
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    record(events.KEY_REVOKED, key, actor=actor, at=now, account=key.user.email)
    return key


def _new_key() -> tuple[str, str]:
    """(prefix, whole text). The prefix finds the row; the rest is 256 random bits."""
    prefix = f"bo_{secrets.token_hex(4)}"
    return prefix, f"{prefix}_{secrets.token_urlsafe(32)}"


def _hash(raw: str) -> str:
    # A plain digest is enough: the text is random, so there is no dictionary to try.
    return hashlib.sha256(raw.encode()).hexdigest()


def _check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(
            f"“{email}” is not an e-mail address.", field="email", rule="an_address_is_readable"
        ) from None
    if User.objects.filter(email__iexact=email).exists():
        raise Refused(
            "Somebody already uses this address.",
            field="email",
            rule="an_address_belongs_to_one_person",
            mend="Use another address, or reactivate the account that has it.",
        )


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as fault:
        raise Invalid(
            " ".join(fault.messages),
            field="password",
            rule="a_password_is_strong",
            mend="Choose a longer one.",
        ) from fault


def _check_roles(roles: Collection[str]) -> None:
    unknown = sorted(set(roles) - BY_CODE.keys())
    if unknown:
        raise Invalid(
            f"There is no role “{unknown[0]}”.",
            field="roles",
            rule="a_role_is_known",
            mend=f"Roles are {', '.join(BY_CODE)}.",
        )


def _check_scopes(user: User, scopes: Collection[str]) -> None:
    if not scopes:
        raise Invalid("A key needs at least one scope.", field="scopes", rule="a_key_can_do_something")
    beyond = sorted(scope for scope in scopes if not user.has_perm(scope))
    if beyond:
        raise Invalid(
            f"{user} may not do {', '.join(beyond)}, so a key of this account may not either.",
            field="scopes",
            rule="a_key_does_no_more_than_its_account",
            mend="Give the account a role that may, or leave the scope out.",
        )


def _refuse_deciding(scopes: Collection[str]) -> None:
    deciding = sorted(set(scopes) & set(DECIDING_ACTS))
    if deciding:
        raise Refused(
            f"A key does not decide: {', '.join(deciding)} is for a person who signs in.",
            field="scopes",
            rule="a_key_is_no_second_person",
            mend="Leave it out; the person decides on the screen.",
        )


def _refuse_self(user: User, actor: User | None, what: str) -> None:
    if actor is not None and actor.pk == user.pk:
        raise Refused(
            f"Nobody changes their own {what}.",
            rule="rights_are_given_by_others",
            mend="Ask another administrator.",
        )


def _refuse_last_administrator(user: User) -> None:
    # Locked, so that two administrators cannot remove each other at the same moment.
    administrators = User.objects.select_for_update().filter(
        pk__in=queries.people_with_role("administrator").values("pk")
    )
    if not any(person.pk != user.pk for person in administrators.order_by("pk")):
        raise Refused(
            f"{user} is the last administrator.",
            rule="one_administrator_stays",
            mend="Make somebody else an administrator first.",
        )


def _forget_rights(user: User) -> None:
    """Drop what Django and we remember on the object about its rights."""
    for name in ("_role_codes", "_perm_cache", "_user_perm_cache", "_group_perm_cache"):
        user.__dict__.pop(name, None)


def _any(limit: Decimal | None) -> str:
    return "any" if limit is None else f"{limit.normalize():f}"
