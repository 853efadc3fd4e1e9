"""Addresses of payouts."""

from django.urls import path

from payouts import views

app_name = "payouts"

urlpatterns = [
    path("", views.list_, name="list"),
    path("plan/<int:pk>/", views.plan, name="plan"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/file/", views.download, name="download"),
    path("<int:pk>/approve/", views.approve, name="approve"),
    path("<int:pk>/reject/", views.reject, name="reject"),
    path("<int:pk>/executed/", views.executed, name="executed"),
    path("<int:pk>/refused/", views.refused, name="refused"),
]
