"""Addresses of late charges in the API."""

from django.urls import path

from charges import api
from team.endpoints import resource

urlpatterns = [
    path("charges/", resource(api.list_charges), name="charges"),
    path("charges/<int:pk>/", resource(api.get_charge), name="charge"),
    path("invoices/<int:pk>/charges/", resource(api.charge_late), name="invoice_charges"),
]
