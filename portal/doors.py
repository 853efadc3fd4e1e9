"""How a contact comes to their page: asking for a link by mail, and confirming a new address."""

from __future__ import annotations

from celery import current_app
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from customers.models import Contact
from portal import operations
from portal.forms import EmailForm
from portal.gate import busy, by_contact, language_for, nothing_here, sealed
from portal.limits import ACTS, LINK_ASKS, LINK_MAILS, TOKEN, client_of, spend
from portal.models import EmailChange
from portal.words import LANGUAGES, Words, first_accepted, known_language

TASK = "portal.tasks.send_fresh_links"


@require_http_methods(["GET", "HEAD", "POST"])
@public("asking for a link needs none")
def ask_link(request: HttpRequest) -> HttpResponse:
    """Type an address, get a link by mail if it is known. The answer is the same either way.

    The mail is written by a worker, so that neither the words nor the time tell who is known.
    """
    wish = known_language(request.GET.get("lang", ""))
    words = Words(wish or first_accepted(request.headers.get("Accept-Language", "")))
    form = EmailForm(request.POST or None)
    is_done = request.method == "POST" and form.is_valid()
    if request.method == "POST":
        if not spend(LINK_ASKS, client_of(request)):
            return busy(request)
        if is_done:
            _ask(form.cleaned_data["email"])
    context = {
        "w": words,
        "lang": words.language,
        "languages": LANGUAGES,
        "is_done": is_done,
        "is_wrong": request.method == "POST" and not is_done,
    }
    status = 422 if context["is_wrong"] else 200
    return sealed(render(request, "portal/ask_link.html", context, status=status))


def _ask(email: str) -> None:
    """Have the mail written, unless this address was asked for often."""
    if spend(LINK_MAILS, email.strip().lower()):
        transaction.on_commit(lambda: current_app.send_task(TASK, kwargs={"email": email}))


@public("the token in the address is the key")
@by_contact(TOKEN, purpose=links.CONFIRM)
def confirm(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponse:
    """Ask whether mail is to go here. Looking changes nothing: programs open links in mails, too."""
    change = EmailChange.objects.filter(pk=link.about_id, contact=contact, state="waiting").first()
    if change is None:
        return nothing_here(request)
    words = Words(language_for(request, contact))
    context = {
        "w": words,
        "lang": words.language,
        "languages": LANGUAGES,
        "about": words.say("my_confirm_about", customer=contact.customer.name, email=change.email),
        "token": links.token_of(link),
    }
    return render(request, "portal/confirm.html", context)


@public("the token in the address is the key")
@csrf_exempt
@by_contact(ACTS, purpose=links.CONFIRM)
def confirm_now(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """The new address holds, once; then to the contact's page by a fresh link."""
    try:
        fresh = operations.confirm_new_email(link, now=timezone.now())
    except DomainError:
        return nothing_here(request)
    return redirect(f"{links.path_of(fresh)}?lang={language_for(request, contact)}&said=confirmed")
