"""The trail's page."""

from django.urls import path

from trail import views

app_name = "trail"
urlpatterns = [path("", views.list_, name="list")]
