"""Disputes in the admin: to read, never to change."""

from django.contrib import admin

from core.admin import ReadOnly
from disputes.models import Dispute, Escalation, Holding, MatrixStep, Playbook, Proposal

for _model in (Dispute, Escalation, Holding, MatrixStep, Playbook, Proposal):
    admin.site.register(_model, ReadOnly)
