"""What the figures keep in the database."""

from django.db import models


class Health(models.Model):
    """No table: carries the permission of the health page, which asks other tables and the servers."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_health", "Can see the state of the installation")]
