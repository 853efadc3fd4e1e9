"""Addresses of reminders."""

from django.urls import path

from reminders.views import changes, lists

app_name = "reminders"
urlpatterns = [
    path("", lists.list_, name="list"),
    path("next/", lists.forecast, name="forecast"),
    path("sent/", lists.sent, name="sent"),
    path("invoices/<int:pk>/", lists.why, name="why"),
    path("invoices/<int:pk>/pause/", changes.pause_invoice, name="pause_invoice"),
    path("customers/<int:pk>/pause/", changes.pause_customer, name="pause_customer"),
    path("pauses/", changes.pauses, name="pauses"),
    path("pauses/<int:pk>/end/", changes.resume, name="resume"),
    path("ladders/", changes.ladders, name="ladders"),
    path("ladders/customers/<int:pk>/", changes.ladder_of_customer, name="ladder_of_customer"),
    path("ladders/segments/<int:pk>/", changes.ladder_of_segment, name="ladder_of_segment"),
    path("ladders/timeline/", changes.timeline, name="timeline"),
    path("ladders/<int:pk>/end/", changes.end, name="end_ladder"),
]
