"""Pages of the protocol: each event, who is told of it, how and how soon; changed as new versions."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core import faults
from core.errors import DomainError
from core.permissions import allowed
from correspondence.naming import situation_name
from notices import operations, queries
from notices.forms import RuleForm
from notices.models import Rule
from team.requests import StaffRequest
from team.roles import BY_CODE

EDIT = "notices.edit_protocol"


@require_GET
@allowed("notices.view_readers", EDIT)
def list_(request: StaffRequest) -> HttpResponse:
    """Each event and who is told of it; what was told late; events nobody thought of."""
    now = timezone.now()
    operations.install_rules(now=now)
    late = queries.late_counts(now=now)
    without, known = queries.facts_without_rule(), queries.known_facts()
    context = {
        "rules": [
            (rule, _whom(rule), situation_name(rule.situation), late.get(rule.code, 0))
            for rule in queries.rules_in_force()
        ],
        "late": queries.late(now=now)[:20],
        "unreached": queries.unreached()[:20],
        "without": without,
        "silent": queries.silent_facts(),
        "facts": sorted(known),
        "may_edit": request.user.has_perm(EDIT),
    }
    return render(request, "notices/protocol.html", context)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def edit(request: StaffRequest, code: str) -> HttpResponse:
    """Change a line: a new version with a reason; the versions before are shown below."""
    rule = get_object_or_404(Rule, code=code, is_current=True)
    form = RuleForm(request.POST or None, initial=RuleForm.values_of(rule))
    if request.method == "POST" and form.is_valid():
        try:
            # The version the form was opened with, so that nobody's change is written over unseen.
            seen = get_object_or_404(
                Rule, code=code, version=form.cleaned_data.pop("version") or rule.version
            )
            operations.change_rule(seen, **form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, _("Saved. It holds for what happens from now on."))
            return redirect("notices:protocol")
    versions = [(one, _whom(one)) for one in queries.versions_of(code)]
    return _form(request, form, rule.fact, {"rule": rule, "versions": versions})


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def add(request: StaffRequest) -> HttpResponse:
    """A line for an event, named in the query, that has none yet or needs one more."""
    fact = request.GET.get("fact", "")
    if fact not in queries.known_facts():
        raise Http404
    form = RuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.cleaned_data.pop("version")
        try:
            operations.add_rule(fact, **form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, _("The line holds for what happens from now on."))
            return redirect("notices:protocol")
    return _form(request, form, fact, {})


def _form(request: StaffRequest, form: RuleForm, fact: str, more: dict[str, Any]) -> HttpResponse:
    context = {"form": form, "fact": fact} | more
    return render(request, "notices/rule.html", context, status=422 if form.errors else 200)


def _whom(rule: Rule) -> str:
    if rule.audience != Rule.Audience.ROLES:
        return str(rule.get_audience_display())
    return ", ".join(BY_CODE[code].name for code in rule.roles if code in BY_CODE)
