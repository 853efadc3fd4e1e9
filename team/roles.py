"""One table: which role may do what. Synced to Django groups at migrate; the screen shows it as it is.

An act is a permission codename `app.codename`. A role that is not listed for an act may not do it.
"""

from dataclasses import dataclass

# What everybody who works here does: their own work, their own notices.
_OWN = ("work.do_work", "notices.read_notice", "feedback.make_suggestion")
_READ = (
    *_OWN,
    "customers.view_customer",
    "invoices.view_invoice",
    "payments.view_payment",
    "banking.view_bank_statement",
    "statements.view_statement",
    "policies.view_policy",
    "catalogue.view_item",
    "entities.view_entity",
    "conversations.read_inquiries",
    "charges.view_charges",
    "contracts.view_contract",
    "cases.view_case",
    "reminders.view_reminder",
    "feedback.view_feedback",
    "disputes.view_dispute",
)
_NOTES = ("conversations.read_notes", "conversations.write_note")
_ANSWER = ("conversations.answer_inquiry", "feedback.enter_feedback", *_NOTES)
_BILL = (
    "invoices.edit_invoice",
    "customers.edit_customer",
    "customers.edit_requirement",
    "correspondence.send_message",
    "correspondence.post_letter",
    "statements.send_statement",
    *_ANSWER,
    "reminders.pause_reminder",
    "charges.charge_late",
    "charges.waive_charge",
    "contracts.edit_contract",
    "contracts.run_bills",
)
_IMPROVE = ("feedback.answer_suggestion", "feedback.manage_improvement", "feedback.publish_improvement")
_LEAD = (
    *_BILL,
    "invoices.issue_invoice",
    "invoices.credit_invoice",
    "invoices.hold_invoice",
    "invoices.move_due_date",
    "work.decide_approval",
    "work.assign_work",
    *_IMPROVE,
    "notices.view_readers",
    "notices.edit_change_notice",
    "notices.send_change_notice",
    "customers.request_change",
    "customers.approve_change",
    "correspondence.view_outgoing",
    "correspondence.manage_link",
    "invoices.export_invoices",
)
_DISPUTE = ("disputes.raise_dispute", "disputes.work_dispute")
_RULE_DISPUTES = ("disputes.edit_matrix", "disputes.edit_playbook")
_COLLECT = ("cases.work_case", "cases.offer_plan", "cases.hand_over")
_BANK = ("banking.import_bank_statement",)
_CASH = (*_BANK, "payments.record_payment", "payments.allocate_payment", "payments.refund_payment")


@dataclass(frozen=True)
class Role:
    """`rank` orders authority for approvals (0 = none); `moves_money` makes a second factor mandatory."""

    code: str
    name: str
    rank: int
    moves_money: bool
    acts: tuple[str, ...]
    about: str


ROLES: tuple[Role, ...] = (
    Role(
        "specialist",
        "Billing specialist",
        1,
        True,
        (
            *_READ,
            *_BILL,
            *_DISPUTE,
            "invoices.issue_invoice",
            "invoices.credit_invoice",
            "invoices.hold_invoice",
            "invoices.move_due_date",
            "work.decide_approval",
            "customers.request_change",
            "correspondence.manage_link",
            "correspondence.view_outgoing",
            "invoices.export_invoices",
        ),
        "Writes, issues and sends invoices; approves small ones of colleagues.",
    ),
    Role(
        "lead",
        "Team lead",
        2,
        True,
        (
            *_READ,
            *_LEAD,
            # A lead is the second person of a change of bank data, and compares what they confirm.
            "customers.view_bank_data",
            "payments.write_off",
            *_COLLECT,
            *_DISPUTE,
            *_RULE_DISPUTES,
            "cases.delegate_case",
            "policies.write_policy",
            "reminders.edit_ladder",
            "catalogue.edit_item",
            "correspondence.edit_template",
            "correspondence.approve_template",
            "invoices.import_invoices",
        ),
        "Runs the team: approves, credits, proposes write-offs.",
    ),
    Role(
        "controller",
        "Controller",
        3,
        True,
        (
            *_READ,
            *_LEAD,
            "payments.write_off",
            *_COLLECT,
            *_DISPUTE,
            *_RULE_DISPUTES,
            "cases.delegate_case",
            "payments.refund_payment",
            *_BANK,
            "invoices.backdate_invoice",
            "charges.manage_rates",
            "invoices.import_invoices",
            "policies.write_policy",
            "policies.approve_policy",
            "policies.publish_policy",
            "reminders.edit_ladder",
            "catalogue.edit_item",
            "entities.manage_entities",
            "notices.edit_protocol",
            "ledger.view_ledger",
            "ledger.close_period",
            "ledger.reopen_period",
            "customers.view_bank_data",
            "trail.view_trail",
        ),
        "Owns the books and the rules: policies, taxes, large approvals.",
    ),
    Role(
        "director",
        "Finance director",
        4,
        True,
        (
            *_READ,
            *_NOTES,
            *_IMPROVE,
            "disputes.work_dispute",
            "work.decide_approval",
            "work.assign_work",
            "notices.view_readers",
            "notices.send_change_notice",
            "policies.approve_policy",
            "policies.publish_policy",
            "ledger.view_ledger",
            "ledger.reopen_period",
            "customers.approve_change",
            "customers.view_bank_data",
            "trail.view_trail",
            "invoices.export_invoices",
        ),
        "Decides what is above everybody else's limit.",
    ),
    Role(
        "manager",
        "Manager",
        0,
        False,
        (*_READ, "conversations.read_notes", "invoices.export_invoices"),
        "Reads figures and records.",
    ),
    Role(
        "collector",
        "Collector",
        0,
        False,
        (
            *_READ,
            *_ANSWER,
            *_COLLECT,
            *_DISPUTE,
            "invoices.hold_invoice",
            "invoices.move_due_date",
            "charges.waive_charge",
            "reminders.pause_reminder",
            "statements.send_statement",
            "correspondence.send_message",
            "correspondence.manage_link",
            "customers.edit_customer",
            "invoices.export_invoices",
        ),
        "Talks to customers about what they owe.",
    ),
    Role(
        "cash_applier",
        "Cash applier",
        0,
        True,
        (*_READ, *_NOTES, *_CASH, *_DISPUTE, "invoices.export_invoices"),
        "Records receipts and finds their invoices.",
    ),
    Role(
        "auditor",
        "Auditor (read only)",
        0,
        False,
        (
            *_READ,
            "conversations.read_notes",
            "ledger.view_ledger",
            "trail.view_trail",
            "correspondence.view_outgoing",
            "invoices.export_invoices",
        ),
        "Reads everything, changes nothing.",
    ),
    Role(
        "compliance_officer",
        "Compliance officer",
        0,
        False,
        (*_READ, "ledger.view_ledger", "trail.view_trail", "policies.approve_policy"),
        "Watches rules and evidence; second signature on policies.",
    ),
    Role(
        "legal_adviser",
        "Legal adviser",
        0,
        False,
        (*_OWN, "policies.view_policy"),
        "Sees what is shared with them.",
    ),
    Role(
        "administrator",
        "Administrator",
        0,
        True,
        (
            *_OWN,
            "team.manage_people",
            "team.manage_keys",
            "invoices.import_invoices",
            "entities.manage_entities",
            "entities.view_entity",
            "policies.view_policy",
            "trail.view_trail",
            "metrics.view_health",
        ),
        "Sets up people, keys and companies; does no billing.",
    ),
)

BY_CODE = {role.code: role for role in ROLES}

# What decides as a second person, or puts in force what others wrote. A key a person makes never has these,
# not even for its maker: a program is no second person. Only the operator's command on the server gives them.
_DECIDES = ("decide_", "approve_", "publish_", "reopen_period")
DECIDING_ACTS: tuple[str, ...] = tuple(
    sorted({act for role in ROLES for act in role.acts if act.partition(".")[2].startswith(_DECIDES)})
)

# Approvals: kind -> ((role, limit or None for any), ...), lowest sufficient first. Functional currency.
DEFAULT_LIMITS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "standard_invoice": (
        ("specialist", "25000"),
        ("lead", "100000"),
        ("controller", None),
        ("director", None),
    ),
    "manual_invoice": (("specialist", "500"), ("lead", "5000"), ("controller", "50000"), ("director", None)),
    "credit_note": (("specialist", "500"), ("lead", "5000"), ("controller", "50000"), ("director", None)),
    "write_off": (("lead", "500"), ("controller", "10000"), ("director", None)),
    "refund": (("lead", "2000"), ("controller", "20000"), ("director", None)),
    "payment_file": (("lead", "10000"), ("controller", "100000"), ("director", None)),
    "fee_waiver": (("specialist", "100"), ("lead", "1000"), ("controller", None), ("director", None)),
    "master_data": (("lead", None), ("controller", None), ("director", None)),
    "promise": (("lead", None), ("controller", None), ("director", None)),
    # Measured in months from the offer to the last instalment.
    "payment_plan": (("specialist", "3"), ("lead", "6"), ("controller", None), ("director", None)),
    "hand_over": (("controller", None), ("director", None)),
    # Up to which overdue amount an account stays with its collector (the first row), and with the lead.
    "overdue_account": (("specialist", "25000"), ("lead", "250000"), ("controller", None)),
    "change_notice": (("lead", None), ("controller", None), ("director", None)),
    # By what the contract's items come to in a year, and by the sum of the run's invoices.
    "contract": (("lead", "100000"), ("controller", None), ("director", None)),
    "bill_run": (("lead", "100000"), ("controller", None), ("director", None)),
    # By what is open of the instalment.
    "due_date": (("lead", "50000"), ("controller", None), ("director", None)),
    # By what is in dispute and would be asked for again.
    "dispute": (("specialist", "5000"), ("lead", "50000"), ("controller", None), ("director", None)),
}

# Up to this amount a document of the kind is approved without a person, and that is recorded.
AUTOMATIC_LIMITS: dict[str, str] = {"standard_invoice": "10000", "due_date": "1000", "dispute": "500"}
