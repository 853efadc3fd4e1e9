"""Addresses of online payments: staff's, and under pay/ those of customers and of the gateway."""

from django.urls import path

from checkout import views

app_name = "checkout"

urlpatterns = [
    path("online-payments/", views.list_, name="list"),
    path("online-payments/<int:pk>/", views.detail, name="detail"),
    path("online-payments/<int:pk>/ask/", views.ask, name="ask"),
    path("pay/back/<str:handle>/", views.back, name="back"),
    path("pay/events/<str:code>/", views.events, name="events"),
    path("pay/demo/<str:handle>/", views.demo, name="demo"),
    path("pay/demo/<str:handle>/paid/", views.demo_pay, name="demo_pay"),
    path("pay/demo/<str:handle>/left/", views.demo_cancel, name="demo_cancel"),
]
