"""Pages of absences: who is away and who stands in; one's own, or anybody's for who manages people."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError
from core.permissions import SIGNED_IN, NotAllowed, allowed
from team import absences
from team.forms import AbsenceForm
from team.models import Absence, User
from team.requests import StaffRequest

MANAGE = "team.manage_people"


@require_GET
@allowed(SIGNED_IN)
def list_(request: StaffRequest) -> HttpResponse:
    """Own absences, whom one stands in for, and who of the others is away now or soon."""
    user, now = request.user, timezone.now()
    own = [(row, absences.stage_of(row, now)) for row in absences.absences_of(user)]
    others = [(row, absences.stage_of(row, now)) for row in absences.coming(now=now)]
    context = {
        "own": own,
        "others": [(row, stage) for row, stage in others if row.person_id != user.pk],
        "stands_in": absences.stands_in_for(user, now=now),
        "manages": user.has_perm(MANAGE),
        "people": absences.people_with_absences(user) if user.has_perm(MANAGE) else (),
    }
    return render(request, "team/absences.html", context)


@require_http_methods(["GET", "POST"])
@allowed(SIGNED_IN)
def add(request: StaffRequest) -> HttpResponse:
    """Enter an absence: one's own, or of the person named in the query for who manages people."""
    person = _person(request)
    form = AbsenceForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            absence = absences.enter_absence(
                person, **form.cleaned_data, actor=request.user, now=timezone.now()
            )
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(
                request, _("The absence is noted. %(name)s stands in.") % {"name": absence.deputy}
            )
            return redirect("team:absences")
    context = {"form": form, "person": person, "own": person.pk == request.user.pk}
    return render(request, "team/absence_form.html", context, status=422 if form.errors else 200)


@require_POST
@allowed(SIGNED_IN)
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """The person is back, or never left."""
    absence = absences.cancel_absence(
        get_object_or_404(Absence, pk=pk), actor=request.user, now=timezone.now()
    )
    messages.success(request, _("The absence of %(name)s is cancelled.") % {"name": absence.person})
    return redirect("team:absences")


def _person(request: StaffRequest) -> User:
    named = request.GET.get("person", "")
    if not named or named == str(request.user.pk):
        return request.user
    if not request.user.has_perm(MANAGE):
        raise NotAllowed(MANAGE)
    known = named.isdecimal() and len(named) < 19
    return get_object_or_404(User, pk=named if known else 0, is_active=True, is_machine=False)
