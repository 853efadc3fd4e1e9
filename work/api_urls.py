"""Addresses of work in the API."""

from django.urls import path

from team.endpoints import resource
from work import api

urlpatterns = [
    path("work/", resource(api.list_work), name="work"),
    path("work/<int:pk>/", resource(api.get_work), name="work_item"),
    path("work/<int:pk>/act/", resource(api.do_work), name="work_act"),
    path("work/<int:pk>/snooze/", resource(api.snooze_work), name="work_snooze"),
    path("work/<int:pk>/hand-over/", resource(api.hand_over_work), name="work_hand_over"),
]
