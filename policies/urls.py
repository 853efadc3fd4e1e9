"""Addresses of policies. The public text stands apart, at /policy/, because customers see it."""

from django.urls import path

from policies import views

app_name = "policies"

_VERSION = "policies/<slug:code>/<int:number>/"

urlpatterns = [
    path("policies/", views.list_, name="list"),
    path("policies/new/", views.add, name="add"),
    path("policies/terms/", views.terms, name="terms"),
    path("policies/<slug:code>/", views.detail, name="detail"),
    path("policies/<slug:code>/settings/", views.settings, name="settings"),
    path("policies/<slug:code>/draft/", views.draft, name="draft"),
    path(_VERSION, views.detail, name="version"),
    path(f"{_VERSION}edit/", views.edit, name="edit"),
    path(f"{_VERSION}submit/", views.submit, name="submit"),
    path(f"{_VERSION}approve/", views.approve, name="approve"),
    path(f"{_VERSION}return/", views.send_back, name="send_back"),
    path(f"{_VERSION}publish/", views.publish, name="publish"),
    path(f"{_VERSION}discard/", views.discard, name="discard"),
    path(f"{_VERSION}review/", views.review, name="review"),
    path(f"{_VERSION}acknowledge/", views.acknowledge, name="acknowledge"),
    path("policy/<slug:ref>/", views.public_page, name="public"),
    path("policy/<slug:ref>/text.json", views.public_text, name="public_text"),
]
