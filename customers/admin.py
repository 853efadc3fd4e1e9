"""Reading the tables as they are. Writing goes through the operations; bank data are not shown here."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnly
from customers import models


@admin.register(models.Customer)
class CustomerAdmin(ReadOnly):
    """Customers."""

    list_display = ("number", "name", "country", "entity", "segment", "status")
    list_filter = ("status", "entity", "segment")
    search_fields = ("number", "name")


@admin.register(models.BillingRequirement)
class RequirementAdmin(ReadOnly):
    """Requirements of all levels."""

    list_display = ("kind", "severity", "customer", "segment", "entity", "valid_from", "valid_to", "revision")
    list_filter = ("kind", "severity")


@admin.register(models.Contact)
class ContactAdmin(ReadOnly):
    """Contacts."""

    list_display = ("name", "email", "customer", "purposes", "is_active")
    search_fields = ("name", "email")


@admin.register(models.TaxId)
class TaxIdAdmin(ReadOnly):
    """Tax numbers."""

    list_display = ("number", "scheme", "customer", "verified_at", "is_active")
    search_fields = ("number",)


admin.site.register([models.Segment, models.Address, models.ExemptionCertificate], ReadOnly)
