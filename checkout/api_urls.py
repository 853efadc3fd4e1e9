"""Addresses of online payments in the API."""

from django.urls import path

from checkout import api
from team.endpoints import resource

urlpatterns = [
    path("online-payments/", resource(api.list_online_payments), name="online_payments"),
    path("online-payments/<int:pk>/", resource(api.get_online_payment), name="online_payment"),
    path("online-payments/<int:pk>/ask/", resource(api.ask_about_online_payment), name="online_payment_ask"),
]
