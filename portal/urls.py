"""Customers' pages. Everything below /i/ answers; what is no open link answers alike."""

from django.urls import path

from portal import previews, views

app_name = "portal"
urlpatterns = [
    path("preview/<int:pk>/", previews.draft, name="draft"),
    path("i/<str:token>/", views.invoice, name="invoice"),
    path("i/<str:token>", views.invoice),  # mail programs cut the last slash off
    path("i/<str:token>/invoice.pdf", views.pdf, name="pdf"),
    path("i/<str:token>/due.ics", views.calendar, name="calendar"),
    path("i/<str:token>/logo", views.logo, name="logo"),
    path("i/", views.nothing),
    path("i/<path:rest>", views.nothing),
]
