"""Addresses of the pages about items, prices and taxes."""

from django.urls import path

from catalogue import views

app_name = "catalogue"

urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.add, name="add"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/price/", views.set_price, name="set_price"),
    path("taxes/", views.taxes, name="taxes"),
    path("taxes/confirm/", views.confirm, name="confirm"),
    path("taxes/<int:pk>/nexus/", views.set_nexus, name="set_nexus"),
]
