"""Addresses of collection work in the API."""

from django.urls import path

from cases import api
from team.endpoints import resource

urlpatterns = [
    path("cases/", resource(api.list_cases), name="cases"),
    path("cases/<int:pk>/", resource(api.get_case), name="case"),
    path("cases/<int:pk>/calls/", resource(api.list_calls, api.create_call), name="case_calls"),
    path("promises/", resource(api.list_promises, api.create_promise), name="promises"),
    path("promises/<int:pk>/", resource(api.get_promise), name="promise"),
    path("plans/", resource(api.list_plans, api.create_plan), name="plans"),
    path("plans/<int:pk>/", resource(api.get_plan), name="plan"),
    path("plans/<int:pk>/accept/", resource(api.accept_plan), name="plan_accept"),
]
