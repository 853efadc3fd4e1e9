"""Invoice pages."""

from django.http import HttpRequest, HttpResponse

from core.permissions import allowed


@allowed("invoices.view_invoice")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The record page of one document."""
    return HttpResponse(status=204)
