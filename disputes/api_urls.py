"""Addresses of disputes in the API."""

from django.urls import path

from disputes import api
from team.endpoints import resource

urlpatterns = [
    path("disputes/", resource(api.list_disputes, api.create_dispute), name="disputes"),
    path("disputes/holdings/", resource(api.held_times), name="dispute_holdings"),
    path("disputes/<int:pk>/", resource(api.get_dispute), name="dispute"),
    path("disputes/<int:pk>/acknowledge/", resource(api.acknowledge), name="dispute_acknowledge"),
    path("disputes/<int:pk>/investigate/", resource(api.investigate), name="dispute_investigate"),
    path("disputes/<int:pk>/resume/", resource(api.resume), name="dispute_resume"),
    path("disputes/<int:pk>/replies/", resource(api.reply), name="dispute_replies"),
    path("disputes/<int:pk>/owner/", resource(api.assign), name="dispute_owner"),
    path("disputes/<int:pk>/escalate/", resource(api.escalate), name="dispute_escalate"),
    path("disputes/<int:pk>/consultation/", resource(api.consult), name="dispute_consultation"),
    path("disputes/<int:pk>/proposals/", resource(api.propose), name="dispute_proposals"),
    path("disputes/<int:pk>/withdraw/", resource(api.withdraw), name="dispute_withdraw"),
    path("disputes/<int:pk>/reopen/", resource(api.reopen), name="dispute_reopen"),
]
