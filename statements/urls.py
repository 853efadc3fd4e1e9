"""Addresses of statements."""

from django.urls import path

from statements.views import pages, schedules, sending

app_name = "statements"
urlpatterns = [
    path("", pages.list_, name="list"),
    path("<int:pk>/", pages.detail, name="detail"),
    path("<int:pk>/statement.pdf", pages.pdf, name="pdf"),
    path("<int:pk>/send/", sending.send, name="send"),
    path("new/<int:pk>/", pages.make, name="make"),
    path("send/", sending.send_many, name="send_many"),
    path("schedules/", schedules.list_, name="schedules"),
    path("schedules/customer/<int:pk>/", schedules.of_customer, name="schedule"),
    path("schedules/segment/<int:pk>/", schedules.of_segment, name="segment_schedule"),
    path("schedules/period/<int:pk>/retry/", sending.retry, name="retry"),
    path("panel/<int:pk>/", schedules.customer_panel, name="customer_panel"),
]
