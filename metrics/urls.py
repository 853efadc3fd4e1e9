"""Addresses of the home page, the figures, search and the probes."""

from django.urls import path

from metrics import views

app_name = "metrics"

urlpatterns = [
    path("", views.home, name="home"),
    path("figures/disputes/", views.disputes, name="disputes"),
    path("figures/disputes/tiles/", views.dispute_tiles, name="dispute_tiles"),
    path("figures/disputes/held/", views.dispute_holders, name="dispute_holders"),
    path("figures/<slug:code>/", views.figure, name="figure"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("health", views.system, name="health"),
]
