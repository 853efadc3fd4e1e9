"""Addresses of month ends in the API."""

from django.urls import path

from closing import api
from team.endpoints import resource

urlpatterns = [
    path("periods/", resource(api.list_periods, api.close_period), name="periods"),
    path("periods/<int:pk>/", resource(api.get_period), name="period"),
    path("periods/<int:pk>/reopen/", resource(api.reopen_period), name="period_reopen"),
    path("periods/<int:pk>/tax-report/", resource(api.get_tax_report), name="period_tax_report"),
    path("journals/", resource(api.export_journal), name="journals"),
    path("journals/<int:pk>/", resource(api.get_journal), name="journal"),
    path("journals/<int:pk>/file/", resource(api.get_journal_file), name="journal_file"),
]
