"""Probes for the orchestrator and the health page for staff."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.permissions import allowed, public
from metrics import health


@require_GET
@public("the orchestrator asks whether the process lives; the answer says nothing else")
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 while the process can answer at all. Asks nobody: a broken database must not restart the web."""
    return JsonResponse({"status": "alive"})


@require_GET
@public("the load balancer asks whether to send requests here; yes or no, without detail")
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 when requests can be served, else 503."""
    ready = health.is_ready()
    return JsonResponse({"status": "ready" if ready else "not ready"}, status=200 if ready else 503)


@require_GET
@allowed("metrics.view_health")
def system(request: HttpRequest) -> HttpResponse:
    """The state of the installation: 200 with the findings, whatever they are."""
    findings = health.report()
    return render(
        request, "metrics/health.html", {"findings": findings, "ok": all(finding.ok for finding in findings)}
    )
