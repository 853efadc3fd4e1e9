"""Addresses of the probes and of the figures."""

from django.urls import path

from metrics import views

app_name = "metrics"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("health", views.system, name="health"),
]
