"""Addresses of contracts in the API."""

from django.urls import path

from contracts import api
from team.endpoints import resource

urlpatterns = [
    path("contracts/", resource(api.list_contracts), name="contracts"),
    path("contracts/<int:pk>/", resource(api.get_contract), name="contract"),
    path("contracts/<int:pk>/usage/", resource(api.send_usage), name="contract_usage"),
    path("invoices/<int:pk>/repeat/", resource(api.repeat_invoice), name="invoice_repeat"),
    path("bill-runs/", resource(api.list_runs), name="bill_runs"),
    path("bill-runs/<int:pk>/", resource(api.get_run), name="bill_run"),
]
