"""People: accounts, roles, second factors."""

from collections.abc import Collection
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core import edits
from core.errors import Invalid, Refused
from team import events, queries
from team.models import APIKey, User
from team.operations._keys import revoke
from team.roles import BY_CODE
from trail.operations import record

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
        revoke(key, actor=actor, now=now)
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
