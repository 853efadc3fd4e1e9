"""Addresses of notices in the API."""

from django.urls import path

from notices import api
from team.endpoints import resource

urlpatterns = [
    path("notices/", resource(api.list_notices), name="notices"),
    path("notices/<int:pk>/", resource(api.get_notice), name="notice"),
    path("notices/<int:pk>/acknowledge/", resource(api.acknowledge_notice), name="notice_acknowledge"),
]
