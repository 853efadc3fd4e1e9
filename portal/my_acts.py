"""What a contact does on their own page. Each act names only what is of their own customer.

As on the invoice's page no cookie speaks for them: whoever can send a form knows the secret in its address.
"""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from cases.models import Plan
from cases.operations import accept_plan
from core import faults
from core.errors import DomainError
from core.permissions import public
from correspondence.models import PublicLink
from customers import operations as customers
from customers.models import Contact
from entities.queries import local_day
from feedback.operations import allow_surveys, stop_surveys
from portal import operations
from portal.answering import take_answer
from portal.forms import EmailForm, PersonForm, PreferencesForm, StatementForm
from portal.gate import by_contact, language_for, nothing_here
from portal.limits import ACTS
from portal.my_views import back, show_overview
from portal.overview import open_items, plans_of
from portal.talks import threads_of
from portal.words import Words
from statements import operations as statements

logger = structlog.get_logger(__name__)
_KEY = "the token in the address is the key"


@public(_KEY)
@csrf_exempt
@by_contact(ACTS)
def accept(request: HttpRequest, link: PublicLink, contact: Contact, pk: int) -> HttpResponseBase:
    """Agree to an offered plan, exactly as it was shown. The same yes again finds it agreed."""
    plan = plans_of(contact.customer).filter(pk=pk).first()
    if plan is None:
        return nothing_here(request)
    if plan.state == Plan.State.CURRENT:
        return back(request, link, contact, "accepted")
    if request.POST.get("terms") != plan.terms_hash or "agreed" not in request.POST:
        return back(request, link, contact, "no_plan")
    evidence = (
        f"Agreed by {contact.name} <{contact.email}> on their own page (link {link.pk}),"
        f" terms {plan.terms_hash}"
    )
    try:
        accept_plan(plan, contact=contact, evidence=evidence, now=timezone.now())
    except DomainError as refusal:
        logger.info("plan_not_accepted", plan=plan.pk, rule=refusal.rule)
        return back(request, link, contact, "no_plan")
    return back(request, link, contact, "accepted")


@public(_KEY)
@csrf_exempt
@by_contact(ACTS)
def answer(request: HttpRequest, link: PublicLink, contact: Contact, pk: int) -> HttpResponseBase:
    """Write on in a conversation, or say that it is not solved."""
    thread = threads_of(contact).filter(pk=pk).first()
    if thread is None:
        return nothing_here(request)
    words = Words(language_for(request, contact))
    if not take_answer(request, link, thread, words):
        return show_overview(request, link, contact, unanswered=thread.pk)
    return back(request, link, contact, "answered", "#talks")


@public(_KEY)
@csrf_exempt
@by_contact(ACTS)
def preferences(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """The language, whether mail comes at all, and whether we may note that it was opened."""
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return back(request, link, contact, "no_save", "#you")
    given, now = form.cleaned_data, timezone.now()
    try:
        customers.edit_contact(
            contact,
            language=given["language"],
            no_mail=given["channel"] == "letter",
            opens_agreed=given["opens"],
            actor=None,
            now=now,
        )
        (stop_surveys if given["no_surveys"] else allow_surveys)(contact, actor=None, now=now)
    except DomainError as refusal:
        logger.info("preferences_refused", contact=contact.pk, rule=refusal.rule)
        return back(request, link, contact, "no_save", "#you")
    return back(request, link, contact, "saved", "#you")


@public(_KEY)
@csrf_exempt
@by_contact(ACTS)
def person(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """Name, phone and role of the contact. The address they get mail at has its own way."""
    form = PersonForm(request.POST)
    if not form.is_valid():
        return show_overview(request, link, contact, form)
    try:
        customers.edit_contact(contact, actor=None, now=timezone.now(), **form.cleaned_data)
    except DomainError as refusal:
        logger.info("contact_refused", contact=contact.pk, rule=refusal.rule)
        faults.show(form, refusal)
        return show_overview(request, link, contact, form)
    return back(request, link, contact, "saved", "#you")


@public(_KEY)
@csrf_exempt
@by_contact(ACTS)
def new_email(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """Ask for another address, or give the wish up. It holds once a link sent there is confirmed."""
    now = timezone.now()
    if "drop" in request.POST:
        operations.drop_new_email(contact, now=now)
        return back(request, link, contact, "mail_dropped", "#you")
    form = EmailForm(request.POST)
    if not form.is_valid():
        return show_overview(request, link, contact, is_email_refused=True)
    try:
        change = operations.ask_new_email(contact, form.cleaned_data["email"], now=now)
    except DomainError as refusal:
        logger.info("email_refused", contact=contact.pk, rule=refusal.rule)
        return show_overview(request, link, contact, is_email_refused=True)
    return back(request, link, contact, "mail_asked" if change else "saved", "#you")


@public(_KEY)
@csrf_exempt
@by_contact(ACTS)
def make_statement(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """The account as of today on paper; the same account of the day is the same file."""
    form = StatementForm(request.POST)
    entities = {f"{one.entity_id}-{one.currency}": one for one in open_items(contact.customer)}
    item = entities.get(form.cleaned_data["account"]) if form.is_valid() else None
    if item is None:
        return back(request, link, contact, "no_statement")
    now = timezone.now()
    try:
        statements.make_statement(
            contact.customer,
            item.entity,
            item.currency,
            form="open_items",
            on=local_day(item.entity, now),
            language=language_for(request, contact),
            actor=None,
            now=now,
        )
    except DomainError as refusal:
        logger.warning("statement_refused", customer=contact.customer_id, rule=refusal.rule)
        return back(request, link, contact, "no_statement")
    return back(request, link, contact, "saved", "#statements")
