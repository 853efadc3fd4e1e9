"""Addresses of customers in the API."""

from django.urls import path

from customers import api
from team.endpoints import resource

urlpatterns = [
    path("customers/", resource(api.list_customers, api.create_customer), name="customers"),
    path("customers/<int:pk>/", resource(api.get_customer, api.edit_customer), name="customer"),
    path("customers/<int:pk>/contacts/", resource(api.list_contacts, api.add_contact), name="contacts"),
    path(
        "customers/<int:pk>/requirements/",
        resource(api.list_requirements, api.confirm_requirement),
        name="requirements",
    ),
]
