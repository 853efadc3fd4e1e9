"""Addresses of payment files in the API."""

from django.urls import path

from payouts import api
from team.endpoints import resource

urlpatterns = [
    path("payment-files/", resource(api.list_payment_files, api.plan_payment_file), name="payment_files"),
    path("payment-files/<int:pk>/", resource(api.get_payment_file), name="payment_file"),
]
