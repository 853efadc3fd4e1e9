"""Addresses of work: what needs me, approvals, jobs."""

from django.urls import path

from work import views

app_name = "work"

urlpatterns = [
    path("work/", views.list_, name="list"),
    path("work/needs/", views.needs, name="needs"),
    path("work/<int:pk>/<slug:act>/", views.act, name="act"),
    path("approvals/", views.approvals, name="approvals"),
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("jobs/<int:pk>/failures.csv", views.failures, name="failures"),
]
