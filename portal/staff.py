"""Links to contacts' own pages, for staff: who has one, send one, close them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.permissions import allowed
from correspondence import links
from customers.models import Contact
from customers.queries import visible_to
from customers.recipients import obstacle
from portal import operations
from team.requests import StaffRequest

MANAGE = "correspondence.manage_link"


@require_GET
@allowed("customers.view_customer")
def panel(request: StaffRequest, pk: int) -> HttpResponse:
    """The card of the customer's page: each contact and whether a link of theirs is open."""
    customer = get_object_or_404(visible_to(request.user), pk=pk)
    now = timezone.now()
    newest: dict[int, object] = {}
    for link in links.links_of(customer).filter(purpose=links.OVERVIEW)[:500]:
        if link.contact_id and link.contact_id not in newest:
            newest[link.contact_id] = (link, links.is_open(link, now))
    contacts = customer.contacts.filter(is_active=True)
    rows = [(one, newest.get(one.pk), obstacle(one)) for one in contacts]
    context = {"customer": customer, "rows": rows, "may": request.user.has_perm(MANAGE)}
    return render(request, "portal/_links.html", context)


@require_POST
@allowed(MANAGE)
def send(request: StaffRequest, pk: int) -> HttpResponse:
    """Mail a contact the link to their own page."""
    contact = _contact(request, pk)
    try:
        operations.send_link(contact, actor=request.user, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, f"{refusal.message} {refusal.mend or ''}".strip())
    else:
        messages.success(request, _("The link goes to %(name)s.") % {"name": contact.name})
    return _back(contact)


@require_POST
@allowed(MANAGE)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close every link to a contact's own page at once."""
    contact = _contact(request, pk)
    operations.close_links(contact, actor=request.user, now=timezone.now())
    messages.success(request, _("The links are closed. Whoever opens one sees that it leads nowhere."))
    return _back(contact)


def _contact(request: StaffRequest, pk: int) -> Contact:
    rows = Contact.objects.filter(customer__in=visible_to(request.user)).select_related("customer__entity")
    return get_object_or_404(rows, pk=pk)


def _back(contact: Contact) -> HttpResponse:
    return redirect(reverse("customers:detail", args=[contact.customer_id]) + "#links")
