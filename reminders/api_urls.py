"""Addresses of reminders in the API."""

from django.urls import path

from reminders import api
from team.endpoints import resource

urlpatterns = [
    path("reminders/decisions/", resource(api.list_decisions), name="reminder_decisions"),
    path("reminders/forecast/", resource(api.get_forecast), name="reminder_forecast"),
    path("reminders/pauses/", resource(api.list_pauses, api.create_pause), name="reminder_pauses"),
    path("reminders/pauses/<int:pk>/", resource(api.get_pause), name="reminder_pause"),
    path("reminders/pauses/<int:pk>/end/", resource(api.end_pause), name="reminder_pause_end"),
]
