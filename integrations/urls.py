"""Addresses of imports."""

from django.urls import path

from integrations import views

app_name = "integrations"

urlpatterns = [
    path("imports/", views.list_, name="list"),
    path("imports/receivables/", views.upload, name="receivables"),
    path("imports/receivables/<str:token>/", views.columns, name="columns"),
    path("imports/usage/", views.usage, name="usage"),
    path("imports/usage/<str:token>/", views.usage_try, name="usage_try"),
    path("imports/receivables/<str:token>/begin/", views.begin, name="begin"),
]
