"""Addresses of contracts and bill runs."""

from django.urls import path

from contracts.views import contracts, runs

app_name = "contracts"

urlpatterns = [
    path("", contracts.list_, name="list"),
    path("new/", contracts.new, name="new"),
    path("unbilled/", runs.unbilled, name="unbilled"),
    path("runs/", runs.list_, name="runs"),
    path("runs/new/", runs.new, name="run_new"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("runs/<int:pk>/approve/", runs.approve, name="run_approve"),
    path("runs/<int:pk>/reject/", runs.reject, name="run_reject"),
    path("runs/<int:pk>/discard/", runs.discard, name="run_discard"),
    path("runs/<int:pk>/retry/", runs.retry, name="run_retry"),
    path("runs/<int:pk>/stop/", runs.stop, name="run_stop"),
    path("runs/<int:pk>/failures.csv", runs.failures, name="run_failures"),
    path("<int:pk>/", contracts.detail, name="detail"),
    path("recurring/", contracts.recurring, name="recurring"),
    path("recurring/from/<int:pk>/", contracts.repeat, name="repeat"),
    path("<int:pk>/change/approve/", contracts.approve_change, name="change_approve"),
    path("<int:pk>/change/reject/", contracts.reject_change, name="change_reject"),
    path("<int:pk>/edit/", contracts.edit, name="edit"),
    path("<int:pk>/submit/", contracts.submit, name="submit"),
    path("<int:pk>/approve/", contracts.approve, name="approve"),
    path("<int:pk>/reject/", contracts.reject, name="reject"),
    path("<int:pk>/cancel/", contracts.cancel, name="cancel"),
    path("<int:pk>/plan/<int:item>/", contracts.change_plan, name="change_plan"),
    path("<int:pk>/suspend/", contracts.suspend, name="suspend"),
    path("<int:pk>/resume/", contracts.resume, name="resume"),
    path("<int:pk>/credit/", contracts.credit, name="credit"),
    path("<int:pk>/end/", contracts.end, name="end"),
]
