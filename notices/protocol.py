"""The protocol as it is shipped. People change it under Who is told; a change is a new version there."""

from collections.abc import Iterator

from notices.rules import Line

_WRITERS = ("specialist", "lead", "collector")
_BILLERS = ("specialist", "lead")
_POLICY_READERS = ("specialist", "lead", "controller", "collector", "cash_applier")

SHIPPED: tuple[Line, ...] = (
    # Money and documents: the customer hears of every change to what they owe.
    Line("payment-received", "payment.allocated", "customer", 15, situation="payment_received"),
    Line("part-payment", "payment.allocated", "customer", 15, situation="part_payment"),
    Line("overpayment", "payment.allocated", "customer", 15, situation="overpayment"),
    Line("credit-note", "invoice.credited", "customer", 1, situation="credit_note"),
    Line("payment-returned-customer", "payment.bounced", "customer", 1, situation="payment_returned"),
    Line("booking-undone", "payment.unallocated", "customer", 1, situation="booking_undone"),
    Line("credit-used", "credit.used", "customer", 1, situation="credit_used"),
    Line("hold-placed", "invoice.held", "customer", 1, situation="hold_placed"),
    Line("hold-ended", "invoice.released", "customer", 1, situation="hold_ended"),
    Line("due-date-moved", "due_date.moved", "customer", 1, situation="new_due_date"),
    Line("payment-returned", "payment.bounced", "owner", 1, "hours", words="{label} came back from the bank"),
    # What we agreed on
    Line("promise-made", "promise.made", "customer", 15, situation="promise_confirmed"),
    Line("promise-broken", "promise.broken", "owner", 1, "hours", words="{customer} broke a promise to pay"),
    Line("plan-offered", "plan.offered", "customer", 15, situation="plan_offered"),
    Line("plan-accepted", "plan.accepted", "customer", 15, situation="plan_accepted"),
    Line("plan-defaulted", "plan.defaulted", "customer", 15, situation="plan_broken"),
    Line(
        "plan-defaulted-owner", "plan.defaulted", "owner", 1, "hours", words="{customer} missed an instalment"
    ),
    # Customers
    Line("welcome", "contact.created", "customer", 60, situation="welcome"),
    Line("address-bounced", "contact.bounced", "owner", 15, words="Mail to {label} of {customer} comes back"),
    Line(
        "address-confirmed",
        "contact.email_confirmed",
        "owner",
        15,
        words="{customer}: a contact confirmed a new mail address",
    ),
    Line("customer-blocked", "customer.blocked", "owner", 15, words="{customer} is blocked for new invoices"),
    # Inquiries: receipt and answer are written by the conversation itself.
    Line("inquiry-warned", "inquiry.warned", "owner", 5, words="An inquiry has to be answered soon: {label}"),
    Line(
        "inquiry-escalated",
        "inquiry.escalated",
        "roles",
        5,
        roles=("lead",),
        words="An inquiry is late: {label}",
    ),
    Line("mentioned", "person.mentioned", "owner", 1, words="{actor} mentions you about {label}"),
    # It acts in their name, so whoever the account belongs to hears who made it.
    Line("key-made", "api_key.created", "owner", words="{actor} made an API key for your account: {label}"),
    # What colleagues must know
    Line(
        "policy-published",
        "policy_version.published",
        "roles",
        15,
        roles=_POLICY_READERS,
        words="{label} is published",
        must_read=True,
    ),
    Line(
        "template-in-use",
        "template.activated",
        "roles",
        15,
        roles=_WRITERS,
        words="New words in use: {label}",
        must_read=True,
    ),
    Line(
        "text-submitted",
        "template.submitted",
        "roles",
        15,
        roles=("lead",),
        words="A text waits for approval: {label}",
    ),
    Line("text-returned", "template.returned", "owner", 15, words="Your text was sent back: {label}"),
    Line(
        "rate-entered",
        "rate.entered",
        "roles",
        1,
        "hours",
        roles=("controller",),
        words="A new rate for late interest waits for review: {label}",
    ),
    Line(
        "requirement-new",
        "requirement.created",
        "roles",
        15,
        roles=_BILLERS,
        words="New requirement of {customer}: {label}",
        must_read=True,
    ),
    Line(
        "requirement-changed",
        "requirement.edited",
        "roles",
        15,
        roles=_BILLERS,
        words="Changed requirement of {customer}: {label}",
        must_read=True,
    ),
    Line(
        "requirement-ended",
        "requirement.ended",
        "roles",
        15,
        roles=_BILLERS,
        words="Ended requirement of {customer}: {label}",
        must_read=True,
    ),
    Line(
        "bank-changed",
        "bank_change.applied",
        "roles",
        5,
        roles=("lead", "controller", "cash_applier"),
        words="Our bank details change: {label}",
        must_read=True,
    ),
    # Work
    Line(
        "work-unassigned",
        "work.unassigned",
        "roles",
        5,
        roles=("lead",),
        words="Nobody is there for: {label}",
    ),
    Line("work-handed-over", "work.handed_over", "owner", 5, words="{actor} hands you: {label}"),
    # Disputes: the customer hears of every change, whoever owns it of every danger.
    Line("dispute-noted", "dispute.raised", "customer", 15, situation="dispute_acknowledged"),
    Line("dispute-new", "dispute.raised", "owner", 5, words="{customer} disputes an amount: {label}"),
    Line("dispute-taken-up", "dispute.acknowledged", "customer", 15, situation="dispute_taken_up"),
    Line("dispute-answered", "dispute.resolved", "customer", 15, situation="dispute_answered"),
    Line("dispute-withdrawn", "dispute.withdrawn", "customer", 15, situation="dispute_withdrawn"),
    Line("dispute-unanswered", "dispute.unanswered", "customer", 15, situation="dispute_unanswered"),
    Line("dispute-goes-on", "dispute.resumed", "owner", 5, words="{customer} answered: {label} goes on"),
    Line("dispute-answer-came", "dispute.resumed", "customer", 15, situation="dispute_goes_on"),
    Line("dispute-gone-on", "dispute.gone_on", "customer", 15, situation="dispute_goes_on"),
    Line("dispute-not-waited", "dispute.gone_on", "owner", 5, words="{actor} waits no longer: {label}"),
    Line("dispute-taken-up-again", "dispute.reopened", "customer", 15, situation="dispute_taken_up"),
    Line("dispute-again", "dispute.reopened", "owner", 5, words="Not solved, says {customer}: {label}"),
    Line("dispute-assigned", "dispute.assigned", "owner", 5, words="{actor} hands you the dispute {label}"),
    Line("dispute-sent-back", "dispute.declined", "owner", 5, words="Your proposal was sent back: {label}"),
    Line("dispute-warned", "dispute.warned", "owner", 5, words="A deadline comes close: {label}"),
    Line("dispute-late", "dispute.breached", "owner", 5, words="A deadline was missed: {label}"),
    Line("dispute-up", "dispute.escalated", "owner", 5, words="A dispute came up to you: {label}"),
    Line(
        "dispute-decide",
        "dispute.proposed",
        "roles",
        15,
        roles=("lead",),
        words="How a dispute ends waits for a decision: {label}",
    ),
    Line("case-escalated", "case.escalated", "roles", 15, roles=("lead",), words="Escalated: {label}"),
    Line("message-failed", "message.failed", "owner", 15, words="A message to {customer} was not delivered"),
    Line("letter-returned", "letter.returned", "owner", 15, words="A letter to {customer} came back"),
    Line("mail-unwanted", "message.unwanted", "owner", 15, words="{customer} called our mail unwanted"),
    Line("statement-not-sent", "statement.not_sent", "owner", 15, words="No statement reaches {customer}"),
    Line(
        "statement-refused",
        "statement.refused",
        "roles",
        5,
        roles=("controller",),
        words="A statement of {customer} does not add up and is not sent",
    ),
    Line("document-failed", "document.failed", "roles", 15, roles=("lead",), words="No PDF of {label}"),
)

_WHY_NOBODY: dict[str, str] = {
    "The document itself is sent, or shows in the lists of who works on it": (
        "invoice.created invoice.edited invoice.discarded invoice.submitted invoice.approved "
        "invoice.rejected invoice.reopened invoice.issued invoice.cancelled invoice.queued_for_sending "
        "invoice.not_sent invoice.annotated document.rendered charge.made"
    ),
    "History that was brought over, or a list somebody took": (
        "invoice.imported receivables.imported invoices.exported payments.exported statement.exported"
    ),
    "The allocation that follows says what it paid": (
        "payment.recorded payment.identified discount.granted allocation.reversed difference.written_off"
    ),
    "The decision waits under Approvals, and who asked sees the answer there": (
        "approval.requested approval.automatic approval.given approval.rejected approval.voided "
        "refund.requested refund.paid refund.rejected write_off.requested write_off.booked "
        "write_off.rejected write_off.recovered promise.asked promise.refused plan.asked plan.refused "
        "hand_over.asked hand_over.approved hand_over.refused change.requested change.called_back "
        "change.applied change.rejected bank_change.created bank_change.rejected policy_version.submitted "
        "policy_version.returned policy_version.approved waiver.requested"
    ),
    "It shows in My work and on the page of the record": (
        "job.asked job.ended job.cancelled work.opened work.declined work.accepted work.started "
        "work.blocked work.snoozed work.finished work.returned work.reopened case.opened case.closed "
        "case.assigned case.delegated case.next_action_set case.skipped case.snoozed case.marked "
        "call.noted call.corrected promise.kept promise.partly_kept promise.withdrawn plan.completed "
        "plan.withdrawn hand_over.packed hand_over.recalled"
    ),
    "Who did it knows; watchers of the record hear of it": (
        "dispute.investigated dispute.consulted dispute_matrix.changed dispute_limits.changed "
        "playbook.published prevention.proposed prevention.accepted prevention.declined "
        "customer.created customer.edited customer.unblocked segment.created segment.edited "
        "contact.edited contact.deactivated address.set tax_id.set tax_id.verified tax_id.ended "
        "requirement.acknowledged policy.created policy.edited policy_version.created "
        "policy_version.edited policy_version.discarded policy_version.reviewed "
        "policy_version.acknowledged item.created item.edited price.set tax_rate.created tax_rate.ended "
        "rate.reviewed tax_rate.reviewed tax_rate.loaded tax_rate.nexus_set entity.created entity.edited "
        "entity.logo_changed team_hours.set team_hours.ended tax_registration.created "
        "tax_registration.ended series.created series.changed exchange_rate.created "
        "entity.access_changed template.saved template.retired"
    ),
    "The message is the telling": (
        "message.queued message.sent message.cancelled message.retried link.created link.opened "
        "link.revoked reminder.sent reminder.dropped reminder.blocked reminder.handed_over "
        "pause.placed pause.ended ladder.set statement.made statement.sent "
        "statement.scheduled letter.printed letter.posted message.delivered message.opened"
    ),
    "The contact who asked gets a mail at both addresses; whoever is in charge hears when it holds": (
        "contact.email_asked contact.email_dropped"
    ),
    "The next contact is written to, and whoever is in charge hears that the address is lost": (
        "message.bounced"
    ),
    "The conversation writes to the customer itself, and shows in the inbox": (
        "dispute.asked dispute.answered "
        "inquiry.opened inquiry.continued inquiry.acknowledged inquiry.answered inquiry.assigned "
        "inquiry.identified inquiry.merged inquiry.closed inquiry.reopened note.written note.edited "
        "mail.set_aside"
    ),
    "It shows among the answers, and a complaint in My work of whoever answers it": (
        "survey.asked surveys.stopped surveys.allowed answer.given answer.edited answer.sorted "
        "complaint.made complaint.answered"
    ),
    "Everybody reads it in the box": "suggestion.made suggestion.answered suggestion.sorted",
    "It shows on the board, and customers get a message of their own": (
        "cause.noted improvement.proposed improvement.edited improvement.started improvement.measured "
        "improvement.closed improvement.dropped improvement.published"
    ),
    "Administrators do it, and the trail keeps it": (
        "person.created person.edited person.roles_changed person.deactivated person.reactivated "
        "person.second_factor_reset approval_limit.changed api_key.revoked "
        "absence.created absence.cancelled protocol_rule.changed"
    ),
    "It is about telling itself": (
        "notice.acknowledged change_notice.created change_notice.edited change_notice.submitted "
        "change_notice.approved change_notice.rejected change_notice.sent change_notice.dropped"
    ),
}

SILENT: dict[str, str] = {fact: why for why, facts in _WHY_NOBODY.items() for fact in facts.split()}
"""Facts of which nobody is told, and why."""

PROPOSES_CHANGE = ("policy_version.published",)
"""Facts that make a notice to customers necessary; a draft of it is made at once.

A new bank account of ours is not among them: our mails tell customers that we never announce one by mail.
"""

ONCE = frozenset({"welcome"})
"""Lines that hold once per customer, however often the fact happens."""


def facts_told() -> Iterator[str]:
    """The facts the protocol listens to: those of its shipped lines."""
    return iter(dict.fromkeys(line.fact for line in SHIPPED))
