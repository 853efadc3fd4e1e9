"""Addresses of late charges."""

from django.urls import path

from charges import views

app_name = "charges"

urlpatterns = [
    path("", views.list_, name="list"),
    path("rates/", views.rates, name="rates"),
    path("rates/<int:pk>/review/", views.review, name="review"),
    path("invoice/<int:pk>/", views.charge, name="charge"),
    path("invoice/<int:pk>/card/", views.of_invoice, name="of_invoice"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/waive/", views.waive, name="waive"),
    path("<int:pk>/send/", views.send, name="send"),
]
