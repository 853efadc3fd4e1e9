"""What a customer said, on their page; asking them, and whether they want to be asked."""

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
from customers.models import Contact, Customer
from customers.queries import visible_to
from feedback import operations, queries
from feedback.forms import AskForm
from feedback.models import Occasion, OptOut
from feedback.rules import mood
from feedback.showing import PILLS
from team.idempotency import act_once
from team.requests import StaffRequest

VIEW, ENTER = "feedback.view_feedback", "feedback.enter_feedback"


@require_GET
@allowed(VIEW)
def panel(request: StaffRequest, pk: int) -> HttpResponse:
    """The card of the customer's page: their last answers, the last survey, and who wants none."""
    customer = get_object_or_404(visible_to(request.user), pk=pk)
    answers = queries.visible_to(request.user).filter(customer=customer)[:4]
    silent = set(OptOut.objects.filter(contact__customer=customer).values_list("contact_id", flat=True))
    context = {
        "customer": customer,
        "answers": [(one, PILLS[mood(one.instrument, one.score)]) for one in answers],
        "asked": queries.surveys_visible_to(request.user).filter(customer=customer).first(),
        "contacts": [(one, one.pk in silent) for one in customer.contacts.filter(is_active=True)],
        "form": AskForm(customer=customer),
        "may": request.user.has_perm(ENTER),
    }
    return render(request, "feedback/_panel.html", context)


@require_POST
@allowed(ENTER)
def ask(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the customer how it is to work with us."""
    customer = get_object_or_404(visible_to(request.user).select_related("entity"), pk=pk)
    form = AskForm(request.POST, customer=customer)
    if not form.is_valid():
        messages.error(request, _("Choose whom to ask which question."))
        return _back(customer)

    def act() -> HttpResponse:
        now = timezone.now()
        survey = operations.ask_customer(
            customer,
            occasion=Occasion.RELATION,
            subject=customer,
            label=customer.entity.name,
            actor=request.user,
            now=now,
            **form.cleaned_data,
        )
        messages.success(request, _("%(name)s gets one question.") % {"name": survey.contact.name})
        return _back(customer)

    try:
        return act_once(request, act)
    except DomainError as refusal:
        messages.error(request, f"{refusal.message} {refusal.mend or ''}".strip())
        return _back(customer)


@require_POST
@allowed(ENTER)
def wish(request: StaffRequest, pk: int) -> HttpResponse:
    """A contact says that they want no surveys, or that they may be asked again."""
    rows = Contact.objects.filter(customer__in=visible_to(request.user)).select_related("customer")
    contact = get_object_or_404(rows, pk=pk)
    if request.POST.get("ask") == "1":
        operations.allow_surveys(contact, actor=request.user, now=timezone.now())
        messages.success(request, _("%(name)s may be asked again.") % {"name": contact.name})
    else:
        operations.stop_surveys(contact, actor=request.user, now=timezone.now())
        messages.success(request, _("%(name)s is asked no more.") % {"name": contact.name})
    return _back(contact.customer)


def _back(customer: Customer) -> HttpResponse:
    return redirect(reverse("customers:detail", args=[customer.pk]) + "#feedback")
