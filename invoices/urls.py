"""Addresses of invoices."""

from django.urls import path

from invoices import views

app_name = "invoices"

urlpatterns = [path("<int:pk>/", views.detail, name="detail")]
