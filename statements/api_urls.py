"""Addresses of statements in the API."""

from django.urls import path

from statements import api
from team.endpoints import resource

urlpatterns = [
    path("statements/", resource(api.list_statements, api.create_statement), name="statements"),
    path("statements/<int:pk>/", resource(api.get_statement), name="statement"),
    path("statements/<int:pk>/pdf/", resource(api.get_statement_pdf), name="statement_pdf"),
    path("statements/<int:pk>/send/", resource(api.send_statement), name="statement_send"),
    path("statements/mailings/", resource(api.list_mailings), name="statement_mailings"),
    path(
        "customers/<int:pk>/statement-schedule/",
        resource(api.get_schedule, api.set_schedule),
        name="customer_statement_schedule",
    ),
]
