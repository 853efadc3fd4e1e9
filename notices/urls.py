"""Addresses of notices."""

from django.urls import path

from notices.views import changes, protocol, reading, watching

app_name = "notices"

urlpatterns = [
    path("", reading.list_, name="list"),
    path("read/", reading.read_all, name="read_all"),
    path("<int:pk>/", reading.detail, name="detail"),
    path("<int:pk>/acknowledge/", reading.acknowledge, name="acknowledge"),
    path("acts/<int:pk>/", reading.readers, name="readers"),
    path("watch/<slug:kind>/<int:pk>/", watching.watch, name="watch"),
    path("protocol/", protocol.list_, name="protocol"),
    path("protocol/new/", protocol.add, name="add_rule"),
    path("protocol/<slug:code>/", protocol.edit, name="rule"),
    path("changes/", changes.list_, name="changes"),
    path("changes/new/", changes.new, name="new_change"),
    path("changes/<int:pk>/", changes.detail, name="change"),
    path("changes/<int:pk>/edit/", changes.edit, name="edit_change"),
    path("changes/<int:pk>/submit/", changes.submit, name="submit_change"),
    path("changes/<int:pk>/approve/", changes.approve, name="approve_change"),
    path("changes/<int:pk>/reject/", changes.reject, name="reject_change"),
    path("changes/<int:pk>/drop/", changes.drop, name="drop_change"),
]
