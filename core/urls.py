"""Page-neutral routes, included at the root by billing_ops.urls."""

from django.urls import path

from core import views

app_name = "core"

urlpatterns = [
    path("theme", views.theme, name="theme"),
    path("keys", views.keys, name="keys"),
    path("help/keyboard", views.keyboard, name="keyboard"),
]
