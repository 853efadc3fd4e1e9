"""Pages of policies: list, version, editor, acts, and the public text."""

from collections.abc import Sequence
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults, formatting
from core.dates import in_words
from core.errors import DomainError, Stale
from core.numbers import row_id
from core.permissions import allowed, public
from policies import operations, queries, rules, showing, starter
from policies.forms import (
    ClausesForm,
    Parts,
    PolicyForm,
    Steps,
    clauses_from,
    initial,
    part_rows,
    show_faults,
    step_rows,
    used_parts,
    used_steps,
)
from policies.models import Policy, PolicyVersion
from policies.public_words import LANGUAGES, WORDS
from team.requests import StaffRequest

_BOTH = ["GET", "POST"]
READ, WRITE = "policies.view_policy", "policies.write_policy"


@require_GET
@allowed(READ)
def list_(request: StaffRequest) -> HttpResponse:
    """Every policy, its version in force, what is in work, and whether a review is due."""
    today = timezone.localdate()
    rows = []
    for policy in queries.policies_on(today):
        current = policy.in_force[0] if policy.in_force else None  # type: ignore[attr-defined]
        work = policy.work[0] if policy.work else None  # type: ignore[attr-defined]
        read = queries.readers(current) if current else []
        people = {user.pk for group in read for user in [*group.read, *group.missing]}
        done = {user.pk for group in read for user in group.read}
        rows.append(
            {
                "policy": policy,
                "current": current,
                "work": work,
                "review": queries.review_state(current, today),
                "read": len(done),
                "people": len(people),
                "shown": (current or work or policy.versions.order_by("-number").first()),
            }
        )
    late = [row for row in rows if row["review"]]
    return render(request, "policies/list.html", {"rows": rows, "late": late})


@require_http_methods(_BOTH)
@allowed(WRITE)
def add(request: StaffRequest) -> HttpResponse:
    """A new policy, begun with the usual clauses."""
    form = PolicyForm(request.POST or None, initial={"owner": request.user.pk})
    if request.method == "POST" and form.is_valid():
        entity = form.cleaned_data["default_for"]
        clauses = starter.clauses(entity.functional_currency if entity else "EUR")
        try:
            policy = operations.create_policy(
                **form.cleaned_data, clauses=clauses, actor=request.user, now=timezone.now()
            )
        except DomainError as fault:
            faults.show(form, fault)
        else:
            return redirect("policies:edit", policy.code, 1)
    return render(request, "policies/add.html", {"form": form}, status=_status(request))


@require_http_methods(_BOTH)
@allowed(WRITE)
def settings(request: StaffRequest, code: str) -> HttpResponse:
    """Name, owner, notice period and review interval of a policy."""
    policy = get_object_or_404(Policy, code=code)
    values = {
        "name": policy.name,
        "owner": policy.owner_id,
        "default_for": policy.default_for_id,
        "notice_days": policy.notice_days,
        "review_months": policy.review_months,
    }
    form = PolicyForm(request.POST or None, initial=values, policy=policy)
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit_policy(policy, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "Saved.")
            return redirect("policies:detail", code)
    return render(request, "policies/add.html", {"form": form, "policy": policy}, status=_status(request))


@require_GET
@allowed(READ)
def detail(request: StaffRequest, code: str, number: int | None = None) -> HttpResponse:
    """One version: plain words, clauses, difference, examples, approval, who has read it."""
    policy = get_object_or_404(Policy.objects.select_related("owner", "default_for"), code=code)
    versions = list(policy.versions.select_related("author", "approver", "published_by").order_by("-number"))
    today = queries.local_day(policy, timezone.now())
    version = _chosen(versions, number, queries.version_in_force(policy, today))
    version.policy = policy
    clauses = queries.clauses_of(version)
    against = _against(request, versions, version)
    read = queries.readers(version) if version.status in queries.PUBLISHED else []
    changes = showing.changes_since(against, clauses)
    context = {
        "policy": policy,
        "version": version,
        "versions": versions,
        "state": showing.state_of(version, today),
        "plain": showing.plain_words(clauses),
        "said": rules.summary(clauses),
        "missing": rules.complete(clauses),
        "readability": rules.readability(" ".join(one.text for one in rules.summary(clauses))),
        "against": against,
        "changes": changes,
        "changed_keys": {change["key"] for change in changes},
        "samples": showing.samples(clauses, policy, today),
        "readers": read,
        "unread": sorted({user.name for group in read for user in group.missing}),
        "read_count": len({user.pk for group in read for user in group.read}),
        "people_count": len({user.pk for group in read for user in [*group.read, *group.missing]}),
        "must_read": version.status in queries.PUBLISHED
        and not queries.has_acknowledged(version, request.user),
        "review": queries.review_state(version, today),
        "acts": showing.acts_on(request, version),
        "earliest": queries.earliest_effective(policy, timezone.now()),
        "is_writer": request.user.pk in queries.writers_of(version),
        "entity": showing.home(policy),
    }
    return render(request, "policies/detail.html", context)


@require_http_methods(_BOTH)
@allowed(WRITE)
def edit(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Write the clauses of a draft."""
    version = get_object_or_404(
        PolicyVersion.objects.select_related("policy__default_for"), policy__code=code, number=number
    )
    if version.status != PolicyVersion.Status.DRAFT:
        messages.info(request, "Only a draft can be edited.")
        return redirect("policies:version", code, number)
    posted = request.method == "POST"
    values = initial(version.clauses) | {
        "change_note": version.change_note,
        "effective_from": version.effective_from,
        "lock_version": version.lock_version,
    }
    data = request.POST.copy() if posted else None
    if data is not None and data.get("use_terms"):
        data["terms"] = request.POST["use_terms"]
    form = ClausesForm(data, initial=values)
    steps = Steps(data, initial=step_rows(version.clauses), prefix="step")
    parts = Parts(data, initial=part_rows(version.clauses), prefix="part")
    status, stale = 200, None
    if posted:
        status = 422
        if all([form.is_valid(), steps.is_valid(), parts.is_valid()]):
            rows, shares = used_steps(steps), used_parts(parts)
            try:
                operations.edit_version(
                    version,
                    clauses=clauses_from(form, rows, shares),
                    change_note=form.cleaned_data["change_note"],
                    effective_from=form.cleaned_data["effective_from"],
                    expected_version=form.cleaned_data["lock_version"],
                    actor=request.user,
                    now=timezone.now(),
                )
            except Stale as fault:
                stale, status = fault, 409
            except DomainError as fault:
                show_faults(form, fault, rows, shares)
            else:
                messages.success(request, "Saved as a draft.")
                again = "more" in request.POST or "use_terms" in request.POST
                return redirect("policies:edit" if again else "policies:version", code, number)
    terms = str(form["terms"].value() or "")
    context = {
        "version": version,
        "policy": version.policy,
        "form": form,
        "steps": steps,
        "parts": parts,
        "stale": stale,
        "meaning": showing.meaning(terms, version.policy),
        "earliest": queries.earliest_effective(version.policy, timezone.now()),
    }
    return render(request, "policies/edit.html", context, status=status)


@require_GET
@allowed(WRITE)
def terms(request: StaffRequest) -> HttpResponse:
    """What payment terms mean in days; both readings of an ambiguous phrase."""
    context = {"meaning": showing.meaning(request.GET.get("terms", ""), None)}
    page = "policies/_terms.html" if request.headers.get("HX-Request") else "policies/terms.html"
    return render(request, page, context)


@require_POST
@allowed(WRITE)
def draft(request: StaffRequest, code: str) -> HttpResponse:
    """Begin the next version."""
    policy = get_object_or_404(Policy, code=code)
    version = operations.draft_version(policy, actor=request.user, now=timezone.now())
    return redirect("policies:edit", code, version.number)


@require_POST
@allowed(WRITE)
def submit(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Ask for the second signature."""
    operations.submit_version(_version(code, number), actor=request.user, now=timezone.now())
    messages.success(request, "Submitted. Somebody who did not write on it approves it.")
    return redirect("policies:version", code, number)


@require_POST
@allowed("policies.approve_policy")
def approve(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Give the second signature."""
    operations.approve_version(_version(code, number), actor=request.user, now=timezone.now())
    messages.success(request, "Approved. It can be published now.")
    return redirect("policies:version", code, number)


@require_POST
@allowed("policies.approve_policy")
def send_back(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Return a version to its author with a reason."""
    reason = request.POST.get("reason", "")
    operations.return_version(_version(code, number), reason=reason, actor=request.user, now=timezone.now())
    messages.success(request, "Sent back to its author.")
    return redirect("policies:version", code, number)


@require_POST
@allowed("policies.publish_policy")
def publish(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Put an approved version in force from the chosen day."""
    try:
        begins = (
            date.fromisoformat(request.POST["effective_from"]) if request.POST.get("effective_from") else None
        )
    except ValueError:
        begins = None
    version = operations.publish_version(
        _version(code, number), effective_from=begins, actor=request.user, now=timezone.now()
    )
    messages.success(
        request, f"Published. It takes effect on {in_words(version.effective_from or date.max)}."
    )
    return redirect("policies:version", code, number)


@require_POST
@allowed(WRITE)
def discard(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Drop a version that was never published."""
    operations.discard_version(_version(code, number), actor=request.user, now=timezone.now())
    messages.success(request, f"Version {number} is discarded; the trail keeps what it said.")
    return redirect("policies:list")


@require_POST
@allowed("policies.approve_policy")
def review(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Note that the periodic look found the text still right."""
    note = request.POST.get("note", "")
    version = operations.confirm_review(
        _version(code, number), note=note, actor=request.user, now=timezone.now()
    )
    messages.success(request, f"Noted. The next review is due on {in_words(version.review_due or date.max)}.")
    return redirect("policies:version", code, number)


@require_POST
@allowed(READ)
def acknowledge(request: StaffRequest, code: str, number: int) -> HttpResponse:
    """Confirm to have read and understood the text."""
    operations.acknowledge_version(_version(code, number), actor=request.user, now=timezone.now())
    messages.success(request, "Thank you. Noted with the hash of the text you read.")
    return redirect("policies:version", code, number)


@require_GET
@public("customers read the terms of their invoices; the text holds no personal data")
def public_page(request: HttpRequest, ref: str) -> HttpResponse:
    """The text of a published version, for everybody who has its address."""
    version = _published(ref)
    language = request.GET.get("lang", "")
    language = language if language in LANGUAGES else _wished(request)
    locale = formatting.reader_locale(language)
    clauses = queries.clauses_of(version)
    before = (
        version.policy.versions.filter(status__in=queries.PUBLISHED, number__lt=version.number)
        .order_by("-number")
        .first()
    )
    newer = (
        version.policy.versions.filter(status__in=queries.PUBLISHED, number__gt=version.number)
        .order_by("number")
        .first()
    )
    entity = showing.home(version.policy)
    today = queries.local_day(version.policy, timezone.now())
    context = {
        "version": version,
        "policy": version.policy,
        "entity": entity,
        "w": WORDS[language],
        "language": language,
        "languages": [(code, name, code == language) for code, name in LANGUAGES.items()],
        "since": formatting.long_date(version.effective_from, locale) if version.effective_from else "",
        "until": formatting.long_date(version.effective_to, locale) if version.effective_to else "",
        "begun": version.effective_from is not None and version.effective_from <= today,
        "published_on": formatting.long_date(version.published_at.date(), locale)
        if version.published_at
        else "",
        "newer": newer,
        "newer_from": formatting.long_date(newer.effective_from, locale)
        if newer and newer.effective_from
        else "",
        "plain": showing.plain_words(clauses),
        "said": [one for one in rules.summary(clauses) if one.text],
        "samples": showing.samples(clauses, version.policy, version.effective_from or today)[:1],
        "before": before,
        "changes": showing.changes_since(before, clauses),
        "pieces": [version.text_hash[at : at + 4] for at in range(0, 64, 4)],
    }
    response = render(request, "policies/public.html", context)
    response["Content-Language"] = language
    return response


@require_GET
@public("the text of record behind the public page, so that anybody can check its hash")
def public_text(request: HttpRequest, ref: str) -> HttpResponse:  # noqa: ARG001 (the view's signature)
    """The canonical text: the bytes whose SHA-256 the page shows."""
    version = _published(ref)
    response = HttpResponse(queries.canonical_text(version), content_type="application/json; charset=utf-8")
    response["X-Robots-Tag"] = "noindex"
    return response


def _published(ref: str) -> PolicyVersion:
    rows = PolicyVersion.objects.select_related("policy__default_for", "author")
    return get_object_or_404(rows, public_ref=ref, status__in=queries.PUBLISHED)


def _version(code: str, number: int) -> PolicyVersion:
    return get_object_or_404(PolicyVersion, policy__code=code, number=number)


def _chosen(
    versions: Sequence[PolicyVersion], number: int | None, current: PolicyVersion | None
) -> PolicyVersion:
    """The version asked for; without a number the one in force, else the newest."""
    if number is None and versions:
        return next((one for one in versions if current and one.pk == current.pk), versions[0])
    found = next((one for one in versions if one.number == number), None)
    if found is None:
        raise Http404
    return found


def _against(
    request: StaffRequest, versions: Sequence[PolicyVersion], version: PolicyVersion
) -> PolicyVersion | None:
    """The version to compare with: the one asked for, else the one before."""
    wished = request.GET.get("against", "")
    number = row_id(wished) or version.number - 1
    return next((one for one in versions if one.number == number and one.pk != version.pk), None)


def _wished(request: HttpRequest) -> str:
    """The first offered language the browser asks for."""
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.split(";")[0].strip()[:2].lower()
        if code in LANGUAGES:
            return code
    return "en"


def _status(request: StaffRequest) -> int:
    return 422 if request.method == "POST" else 200
