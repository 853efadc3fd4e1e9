"""Contacts, addresses and tax numbers."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.permissions import allowed
from customers import operations, queries
from customers.forms import AddressForm, ContactForm, RegisterForm, TaxIdForm, take_fault
from customers.models import Address, Contact, TaxId
from customers.views._parts import back, seen, show_form
from team.requests import StaffRequest

BOTH = ["GET", "POST"]


def _contact(request: StaffRequest, pk: int) -> Contact:
    rows = Contact.objects.filter(is_active=True, customer__in=queries.visible_to(request.user))
    return get_object_or_404(rows.select_related("customer"), pk=pk)


def _tax_id(request: StaffRequest, pk: int) -> TaxId:
    rows = TaxId.objects.filter(customer__in=queries.visible_to(request.user))
    return get_object_or_404(rows.select_related("customer"), pk=pk)


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def contact_add(request: StaffRequest, pk: int) -> HttpResponse:
    """A new contact."""
    customer = seen(request, pk)
    first = {"purposes": [] if queries.contacts_for(customer, "billing") else ["billing"]}
    form = ContactForm(request.POST or None, initial=first)
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.add_contact(customer, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, customer, _("Contact added."), anchor="contacts")
    return show_form(request, customer, form, fault=fault, title=_("New contact"), verb=_("Add"))


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def contact_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a contact."""
    contact = _contact(request, pk)
    values = {name: getattr(contact, name) for name in ContactForm.base_fields}
    form = ContactForm(request.POST or None, initial=values)
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit_contact(contact, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, contact.customer, _("Saved."), anchor="contacts")
    lead = _("Mail to this address came back. A new address is tried again.") if contact.bounced_at else ""
    return show_form(
        request, contact.customer, form, fault=fault, title=_("Edit contact"), verb=_("Save"), lead=lead
    )


@require_POST
@allowed("customers.edit_customer")
def contact_deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Write to the contact no more."""
    contact = _contact(request, pk)
    operations.deactivate_contact(contact, actor=request.user, now=timezone.now())
    if not request.htmx:
        return back(request, contact.customer, _("Contact deactivated."), anchor="contacts")
    customer = contact.customer
    context = {
        "customer": customer,
        "contacts": customer.contacts.filter(is_active=True),
        "nobody": not queries.contacts_for(customer, "billing"),
    }
    return render(request, "customers/_contacts.html", context)


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def address(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """Set the billing or delivery address."""
    customer = seen(request, pk)
    present = customer.addresses.filter(kind=kind, is_active=True).first()
    form = AddressForm(request.POST or None, initial=_address_values(present, customer.country))
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_address(
                customer, kind=kind, actor=request.user, now=timezone.now(), **form.values()
            )
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, customer, _("Address saved."), anchor="addresses")
    titles = {"billing": _("Billing address"), "delivery": _("Delivery address")}
    lead = _("Issued documents keep the address they were issued with.")
    return show_form(
        request, customer, form, fault=fault, title=titles[kind], verb=_("Save address"), lead=lead
    )


def _address_values(present: Address | None, country: str) -> dict[str, object]:
    if present is None:
        return {"country": country}
    names = ("postal_code", "city", "state_code", "country")
    return {"street": "\n".join(present.lines)} | {name: getattr(present, name) for name in names}


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def tax_id(request: StaffRequest, pk: int) -> HttpResponse:
    """Set a tax number; its form and check digits are checked."""
    customer = seen(request, pk)
    scheme = {"IN": "GSTIN", "US": "EIN"}.get(customer.country, "VAT")
    form = TaxIdForm(request.POST or None, initial={"country": customer.country, "scheme": scheme})
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_tax_id(customer, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, customer, _("Tax number saved."), anchor="tax-ids")
    lead = _("A number that is well formed need not be registered: note the register's answer afterwards.")
    return show_form(
        request, customer, form, fault=fault, title=_("Tax number"), verb=_("Check and save"), lead=lead
    )


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def tax_id_verify(request: StaffRequest, pk: int) -> HttpResponse:
    """Note the register's answer."""
    found = _tax_id(request, pk)
    form = RegisterForm(request.POST or None)
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.verify_tax_id(
                found, register=form.cleaned_data["register"], actor=request.user, now=timezone.now()
            )
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, found.customer, _("Verification noted."), anchor="tax-ids")
    title = _("%(number)s is registered") % {"number": found.number}
    return show_form(request, found.customer, form, fault=fault, title=title, verb=_("Note it"))


@require_POST
@allowed("customers.edit_customer")
def tax_id_end(request: StaffRequest, pk: int) -> HttpResponse:
    """The customer has the number no more."""
    found = _tax_id(request, pk)
    operations.end_tax_id(found, actor=request.user, now=timezone.now())
    return back(request, found.customer, _("Tax number ended."), anchor="tax-ids")
