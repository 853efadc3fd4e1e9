"""Addresses of the price list in the API."""

from django.urls import path

from catalogue import api
from team.endpoints import resource

urlpatterns = [
    path("items/", resource(api.list_items, api.create_item), name="items"),
    path("items/<int:pk>/", resource(api.get_item, api.edit_item), name="item"),
]
