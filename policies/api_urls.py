"""Addresses of policies in the API."""

from django.urls import path

from policies import api
from team.endpoints import resource

urlpatterns = [
    path("policies/", resource(api.list_policies), name="policies"),
    path("policies/<int:pk>/", resource(api.get_policy), name="policy"),
    path("policies/<int:pk>/versions/<int:number>/", resource(api.get_version), name="policy_version"),
]
