"""Writing people: accounts, roles, limits and keys."""

from team.operations._keys import LONGEST_KEY_LIFE, authenticate_key, create_key, revoke_key
from team.operations._limits import remove_limit, set_limit, sync_roles
from team.operations._people import (
    add_person,
    deactivate_person,
    edit_person,
    reactivate_person,
    reset_second_factor,
    set_roles,
)

__all__ = [
    "LONGEST_KEY_LIFE",
    "add_person",
    "authenticate_key",
    "create_key",
    "deactivate_person",
    "edit_person",
    "reactivate_person",
    "remove_limit",
    "reset_second_factor",
    "revoke_key",
    "set_limit",
    "set_roles",
    "sync_roles",
]
