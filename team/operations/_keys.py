"""Keys of the API: made, revoked, and recognised by their text."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from core.errors import Invalid, Refused
from team import events
from team.models import APIKey, User
from team.roles import DECIDING_ACTS
from trail.operations import record

LONGEST_KEY_LIFE = timedelta(days=366)
# A key's last use is written at most this often: a busy integration must not write at every call.
_USE_NOTED_EVERY = timedelta(minutes=1)


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
    return revoke(key, actor=actor, now=now)


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


def revoke(key: APIKey, *, actor: User | None, now: datetime) -> APIKey:
    """End a key that is locked and live."""
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
