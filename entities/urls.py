"""Addresses of the pages about selling companies."""

from django.urls import path

from entities import views

app_name = "entities"

urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.add, name="add"),
    path("rates/", views.rates, name="rates"),
    path("access/", views.access, name="access"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/tax-numbers/", views.add_registration, name="add_registration"),
    path("<int:pk>/tax-numbers/<int:row>/end/", views.end_registration, name="end_registration"),
    path("<int:pk>/hours/", views.set_hours, name="set_hours"),
    path("<int:pk>/hours/<int:row>/end/", views.end_hours, name="end_hours"),
    path("<int:pk>/series/", views.add_series, name="add_series"),
    path("<int:pk>/bank/", views.request_bank, name="request_bank"),
    path("<int:pk>/bank/<int:change>/", views.decide_bank, name="decide_bank"),
    path("<int:pk>/logo/", views.set_logo, name="set_logo"),
    path("<int:pk>/logo.png", views.logo, name="logo"),
]
