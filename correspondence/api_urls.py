"""Addresses of messages and texts in the API."""

from django.urls import path

from correspondence import api
from team.endpoints import resource

urlpatterns = [
    path("messages/", resource(api.list_messages), name="messages"),
    path("messages/<int:pk>/", resource(api.get_message), name="message"),
    path("templates/", resource(api.list_templates), name="templates"),
    path("templates/<int:pk>/", resource(api.get_template), name="template"),
]
