"""Addresses of feedback in the API."""

from django.urls import path

from feedback import api
from team.endpoints import resource

urlpatterns = [
    path("answers/", resource(api.list_answers, api.enter_answer), name="answers"),
    path("answers/<int:pk>/", resource(api.get_answer), name="answer"),
    path("improvements/", resource(api.list_improvements), name="improvements"),
    path("improvements/<int:pk>/", resource(api.get_improvement), name="improvement"),
]
