"""The type of a request that passed sign-in, for the signatures of views."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from team.models import User


class StaffRequest(HttpRequest):
    """What a view behind `@allowed` gets: the person is known. Never made, only named."""

    user: User
    htmx: HtmxDetails
