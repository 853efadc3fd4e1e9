"""People, roles and limits."""

from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models.signals import post_migrate


class TeamConfig(AppConfig):
    """People, roles and limits."""

    name = "team"
    verbose_name = "Team"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Roles are code and groups are rows: every migrate makes the rows equal to the code.

        The one signal of the project. A data migration would run once, and a command could be forgotten
        after a deployment; the flush between two committing tests sends this signal too.
        """
        post_migrate.connect(_sync_roles, sender=self, dispatch_uid="team.sync_roles")


def _sync_roles(*, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    from django.contrib.auth.management import create_permissions

    from team.operations import sync_roles

    if "team_approvallimit" not in connections[using].introspection.table_names():
        return  # migrated back to nothing
    for config in apps.get_app_configs():
        # Django makes the permissions of one app after the other; ours name those of all apps.
        create_permissions(config, using=using, verbosity=0)
    sync_roles()
