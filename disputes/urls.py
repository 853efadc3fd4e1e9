"""Addresses of disputes."""

from django.urls import path

from disputes.views import list as listing
from disputes.views import record, settings

app_name = "disputes"

urlpatterns = [
    path("", listing.disputes, name="list"),
    path("new/<int:pk>/", record.new, name="new"),
    path("of/<int:pk>/", record.of_invoice, name="invoice_panel"),
    path("short/<int:pk>/", record.short, name="short"),
    path("matrix/", settings.matrix, name="matrix"),
    path("limits/<int:pk>/", settings.limits, name="limits"),
    path("playbooks/", settings.playbooks, name="playbooks"),
    path("playbooks/<str:reason>/", settings.playbook, name="playbook"),
    path("<int:pk>/", record.detail, name="detail"),
    path("<int:pk>/acknowledge/", record.step, {"name": "acknowledge"}, name="acknowledge"),
    path("<int:pk>/investigate/", record.step, {"name": "investigate"}, name="investigate"),
    path("<int:pk>/resume/", record.step, {"name": "resume"}, name="resume"),
    path("<int:pk>/reply/", record.reply, name="reply"),
    path("<int:pk>/assign/", record.assign, name="assign"),
    path("<int:pk>/escalate/", record.escalate, name="escalate"),
    path("<int:pk>/withdraw/", record.withdraw, name="withdraw"),
    path("<int:pk>/reopen/", record.reopen, name="reopen"),
    path("<int:pk>/consult/", record.consult, name="consult"),
    path("<int:pk>/propose/", record.propose, name="propose"),
    path("<int:pk>/accept/", record.accept, name="accept"),
    path("<int:pk>/decline/", record.decline, name="decline"),
    path("<int:pk>/prevent/", record.prevent, name="prevent"),
]
