"""Addresses of the pages about people."""

from django.urls import path

from team import absence_views, views

app_name = "team"

urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.add, name="add"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/roles/", views.set_roles, name="set_roles"),
    path("<int:pk>/deactivate/", views.deactivate, name="deactivate"),
    path("<int:pk>/reactivate/", views.reactivate, name="reactivate"),
    path("<int:pk>/second-factor/", views.reset_second_factor, name="reset_second_factor"),
    path("roles/", views.roles, name="roles"),
    path("limits/", views.limits, name="limits"),
    path("limits/<int:pk>/remove/", views.remove_limit, name="remove_limit"),
    path("keys/", views.keys, name="keys"),
    path("keys/new/", views.add_key, name="add_key"),
    path("keys/<int:pk>/revoke/", views.revoke_key, name="revoke_key"),
    path("absences/", absence_views.list_, name="absences"),
    path("absences/new/", absence_views.add, name="add_absence"),
    path("absences/<int:pk>/cancel/", absence_views.cancel, name="cancel_absence"),
    path("profile/", views.profile, name="profile"),
    path("second-factor/", views.second_factor, name="second_factor"),
]
