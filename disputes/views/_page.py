"""The page of one dispute, as it is and as a refused form leaves it."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from conversations import queries as conversations
from conversations.showing import bubbles
from disputes import queries, rules, showing
from disputes.forms import AdviceForm, AssignForm, ProposeForm, ReasonForm, ReplyForm
from disputes.models import Dispute, Prevention, Proposal
from disputes.operations import authors_of, to_credit
from team.requests import StaffRequest
from team.roles import BY_CODE
from trail.queries import entries_of

VIEW, WORK, DECIDE = "disputes.view_dispute", "disputes.work_dispute", "work.decide_approval"


def found(request: StaffRequest, pk: int) -> Dispute:
    """The visible dispute of an address, or 404."""
    rows = queries.visible_to(request.user).select_related("thread", "playbook", "hours")
    return get_object_or_404(rows.prefetch_related("clocks"), pk=pk)


def show(
    request: StaffRequest, dispute: Dispute, *, status: int = 200, forms: dict[str, Form] | None = None
) -> HttpResponse:
    """Left what was said and happened, right the clock, the decision and who holds it."""
    user, now = request.user, timezone.now()
    may_work = user.has_perm(WORK)
    proposal = dispute.proposals.select_related(
        "credit_note", "new_invoice", "write_off", "proposed_by", "decided_by"
    ).first()
    escalations = list(dispute.escalations.select_related("to", "deputy_of"))
    context = {
        "dispute": dispute,
        "pill": showing.PILLS[dispute.state],
        "ours": showing.ours(dispute, now),
        "theirs": showing.theirs(dispute, now),
        "ring": showing.ring(dispute, now),
        "office_hours": showing.office_hours(dispute),
        "team": BY_CODE[dispute.hours.team].name if dispute.hours else "",
        "clocks": [one for one in dispute.clocks.all() if one.round == dispute.round],
        "parts": showing.parts_of(dispute),
        "path": showing.path_of(dispute, escalations, queries.steps_in_force()),
        "holdings": showing.holdings_of(
            dispute.holdings.select_related("responsible", "accountable", "deputy_of", "informed"), now
        ),
        "days": showing.days_of(entries_of(dispute)[:60]),
        "said": _said(request, dispute),
        "proposal": proposal,
        "may_work": may_work and not dispute.is_over,
        "may_decide": _may_decide(request, dispute, proposal),
        "playbook": dispute.playbook,
        "outcomes": _outcomes(dispute),
        "prevention": Prevention.objects.filter(dispute=dispute).select_related("requirement").first(),
        "wants_advice": queries.wants_advice(dispute),
        "limits": queries.limits_of(dispute.entity),
        "undisputed": dispute.invoice.balance - dispute.invoice.held_amount,
        **_forms(dispute, may_work=may_work),
    }
    return render(request, "disputes/detail.html", context | (forms or {}), status=status)


def _said(request: StaffRequest, dispute: Dispute) -> Any:
    if dispute.thread is None:
        return []
    notes = conversations.notes_about(dispute) if conversations.may_read_notes(request.user) else ()
    return bubbles(conversations.posts_of(dispute.thread), notes, of=dispute.thread)


def _forms(dispute: Dispute, *, may_work: bool) -> dict[str, Form]:
    """Those of the acts that may follow; advice is noted also once it ended."""
    found: dict[str, Form] = {}
    if not may_work:
        return found
    found["advice_form"] = AdviceForm()
    if dispute.is_over:
        found["reason_form"] = ReasonForm(auto_id="id_reopen_%s")
        return found
    found["reply_form"] = ReplyForm(auto_id="id_reply_%s")
    found["assign_form"] = AssignForm(dispute=dispute)
    for name in ("escalate", "withdraw", "decline"):
        found[f"{name}_form"] = ReasonForm(auto_id=f"id_{name}_%s")
    if dispute.state == rules.INVESTIGATING:
        found["propose_form"] = propose_form(dispute)
    return found


def propose_form(dispute: Dispute, data: Any = None) -> ProposeForm:
    """The decision, with what a full credit takes off each line."""
    initial = {"outcome": rules.CREDIT, "root_cause": rules.REASONS[dispute.reason].cause}
    return ProposeForm(data, credit=to_credit(dispute), currency=dispute.currency, initial=initial)


def _may_decide(request: StaffRequest, dispute: Dispute, proposal: Proposal | None) -> str:
    """ "yes", or why this person does not decide; "" when there is nothing to decide."""
    if dispute.state != rules.PROPOSED or proposal is None:
        return ""
    if not request.user.has_perm(DECIDE):
        return "Your role does not include decisions."
    if request.user.pk in authors_of(dispute.invoice):
        return "You wrote the invoice, so somebody else decides."
    if request.user.pk == proposal.proposed_by_id:
        return "You proposed it, so somebody else decides."
    return "yes"


def _outcomes(dispute: Dispute) -> queries.Outcomes | None:
    if dispute.playbook_id is None:
        return None
    return queries.outcomes_of([dispute.reason]).get(dispute.playbook_id)
