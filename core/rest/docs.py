"""The description of the API: the schema for programs, a page for people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from core.permissions import public

_NO_DATA = "the description of the API holds no data, and integrations read it before they have a key"

schema = public(_NO_DATA)(
    SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[AllowAny], throttle_classes=[])
)


@require_GET
@public(_NO_DATA)
def docs(request: HttpRequest) -> HttpResponse:
    """The interface to read and try out. Its script and style are files of ours: nothing is inline."""
    return render(request, "api/docs.html")
