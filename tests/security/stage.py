"""Real objects behind every address: one of each kind of a company, and where each address finds its own.

A new address with arguments gets its line in `ARGUMENTS` here, or test_matrix.py fails and says so.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import URLPattern, URLResolver, get_resolver

from banking import operations as banking
from cases import operations as collecting
from cases.models import Case
from catalogue.models import TaxRate
from charges import operations as charging
from charges.models import Charge, ReferenceRate
from charges.reference import reference_rates
from checkout import operations as checkout
from closing import operations as closing
from conversations import operations as conversations
from conversations.files import File
from core.permissions import Mark, mark_of
from correspondence import links
from correspondence import operations as correspondence
from correspondence.models import Template
from customers import operations as customers
from disputes.models import Dispute, Prevention
from disputes.operations import Claim
from entities import operations as entities
from entities.models import Entity
from feedback import operations as feedback
from invoices import operations as invoices
from invoices.models import Invoice
from notices import operations as notices
from notices.models import ChangeNotice, Notice
from payments import operations as payments
from policies import operations as policies
from reminders import operations as reminders
from statements import operations as statements
from statements.models import Mailing, Statement
from team import operations as team
from team.absences import enter_absence
from team.models import SavedView, User
from team.roles import ROLES
from tests.banking.advices import advised
from tests.banking.statements import camt
from tests.contracts.scene import active, planned
from tests.correspondence.letters import make_letter, values_of
from tests.disputes.scene import raised
from tests.factories import make_user
from tests.feedback.scene import asked, entered, improved
from tests.payouts.scene import make_file
from tests.world import NOW, TODAY, World, make_world
from trail.models import Entry
from work import jobs
from work.operations import open_work

# Whose the object of an address is.
COMPANY = "company"  # seen by people of the company
SHARED = "shared"  # seen by everybody with the right
PERSONAL = "personal"  # seen by its owner alone
# Packages whose pages have their own guard, with their own tests below.
FOREIGN = ("allauth.", "django.", "rest_framework.", "drf_spectacular.")


@dataclass
class Company:
    """One selling company with one object of every kind an address can name."""

    world: World
    objects: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.objects[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def entity(self) -> Entity:
        return self.world.entity

    def secrets(self) -> list[str]:
        """Texts that nobody outside the company may read anywhere."""
        return [self.world.customer.name, self.entity.legal_name, self.objects["contact"].email]


def make_company(**values: Any) -> Company:
    """A company in full operation: drafts, issued invoices, holds, money, changes and mail."""
    world = make_world(**values)
    company = Company(world)
    company.objects |= _invoices(world) | _money(world) | _customer(world) | _house(world)
    company.objects |= _collecting(world)
    company.objects["dispute"] = _dispute(world, company.objects["issued"])
    company.objects |= _mail(company)
    company.objects |= _people(company)
    company.objects |= _talk(company)
    company.objects |= _feedback(company)
    company.objects["statement"] = _statement(world)
    company.objects["contract"] = active(world, starts_on=TODAY, now=NOW)
    company.objects["month"] = closing.ask_for_no_more(
        world.entity, date(2026, 10, 1), actor=world.controller, now=NOW
    )
    company.objects["journal"] = closing.export_journal(
        world.entity, date(2026, 10, 1), actor=world.controller, now=NOW
    )
    company.objects["run"] = planned(world, now=NOW)
    company.objects["mailing"] = Mailing.objects.create(
        customer=world.customer,
        entity=world.entity,
        currency="EUR",
        since=date(2026, 10, 1),
        until=date(2026, 10, 31),
        state=Mailing.State.NOBODY,
        reason="Nobody for statements",
        at=NOW,
    )
    return company


def _feedback(company: Company) -> dict[str, Any]:
    survey = asked(company.world, invoice=company.issued, contact=company.contact)
    return {
        "answer": entered(company.world, 2, contact=company.contact, comment="Too late"),
        "survey_token": links.token_of(survey.link),
        "improvement": improved(company.world),
        "suggestion": feedback.make_suggestion(
            body="Fewer clicks", once=f"{company.customer.pk:032x}", author=None, on=TODAY
        ),
    }


def _statement(world: World) -> Statement:
    return statements.make_statement(
        world.customer, world.entity, "EUR", form="open_items", on=TODAY, actor=world.lead, now=NOW
    )


def _invoices(world: World) -> dict[str, Any]:
    issued = world.issued("1000.00")
    return {
        "draft": invoices.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW),
        "issued": issued,
        "move": invoices.ask_due_date(
            issued, TODAY + timedelta(days=60), reason="Agreed by phone", actor=world.clerk, now=NOW
        ),
        "hold": invoices.hold(issued, Decimal("5.00"), reason="Wrong address", actor=world.lead, now=NOW),
    }


def _money(world: World) -> dict[str, Any]:
    paid = world.issued("50.00")
    payment = world.pay(paid, "40.00")
    loose = world.received("90.00")
    written_off = world.issued("300.00")
    opened = checkout.begin_checkout(world.issued("60.00"), link=None, language="en", now=NOW)
    return {
        "payment": loose,
        "allocation": payment.open_item.uses.get(),
        "credit": loose.open_item,
        "refund": payments.request_refund(
            loose.open_item, Decimal("20.00"), reason="Paid twice", actor=world.cash, now=NOW
        ),
        "write_off": payments.request_write_off(
            written_off, Decimal("357.00"), reason="Insolvent, no quota", actor=world.lead, now=NOW
        ),
        "part_paid": paid,
        "checkout": opened,
        "payment_file": make_file(world),
    }


def _collecting(world: World) -> dict[str, Any]:
    """What is issued today, seen forty days later: overdue, promised, planned, about to be handed over."""
    promised, planned = world.issued("80.00"), world.issued("70.00")
    later = NOW + timedelta(days=40)
    collecting.refresh_cases(world.entity, now=later)
    case = Case.objects.get(entity=world.entity)
    common: dict[str, Any] = {"currency": "EUR", "actor": world.clerk, "now": later}
    return {
        "case": case,
        "pause": reminders.pause(
            world.customer, kind="manual", reason="Agreed", key=f"stage:{case.pk}", actor=None, now=later
        ),
        "ladder": reminders.set_ladder(
            world.customer, steps=[], reason="Pays by itself", valid_from=later.date(), actor=world.lead,
            now=later,
        ),
        "call": collecting.note_call(
            case, outcome="reached", next_action="call", next_on=later.date(), actor=world.clerk, now=later
        ),
        "promise": collecting.make_promise(
            world.customer,
            amount=Decimal("95.20"),
            promised_on=later.date() + timedelta(days=20),
            invoices=[promised],
            channel="phone",
            **common,
        ),
        "plan": collecting.offer_plan(
            world.customer,
            invoices=[planned],
            parts=2,
            rhythm="monthly",
            first_on=later.date() + timedelta(days=10),
            **common,
        ),
        "hand_over": collecting.ask_hand_over(
            case, kind="agency", recipient="Inkasso Nord", reason="Nobody answers any more",
            actor=world.clerk, now=later,
        ),
    }  # fmt: skip


def _dispute(world: World, invoice: Invoice) -> Dispute:
    """A part of it in dispute, with what an upheld one would teach."""
    dispute = raised(world, invoice=invoice, claims=[Claim(1, Decimal("33.00"))])
    Prevention.objects.create(
        dispute=dispute, customer=world.customer, kind="cost_centre", words="Cost centre", proposed_at=NOW
    )
    return dispute


def _customer(world: World) -> dict[str, Any]:
    customer, clerk = world.customer, world.clerk
    contact = customers.add_contact(
        customer,
        name="Orla Byrne",
        phone="+49 40 555-0199",
        email=f"orla{customer.pk}@customer.example",
        purposes=["billing"],
        actor=clerk,
        now=NOW,
    )
    return {
        "customer": customer,
        "contact": contact,
        "tax_id": customers.set_tax_id(customer, scheme="VAT", number="DE136695976", actor=clerk, now=NOW),
        "requirement": customers.add_requirement(
            kind="po_required", valid_from=TODAY, customer=customer, severity="warn", actor=clerk, now=NOW
        ),
        "change": customers.request_change(
            customer,
            subject="bank",
            proposed={"holder": "Helios GmbH", "iban": "DE89370400440532013000"},
            reason="Letter",
            actor=clerk,
            now=NOW,
        ),
        "segment": customers.add_segment(name=f"Segment {customer.pk}", actor=clerk, now=NOW),
    }


def _house(world: World) -> dict[str, Any]:
    draft = policies.create_policy(
        code=f"draft-{world.entity.pk}",
        name="Next terms",
        owner=world.controller,
        clauses={"terms": "NET 14"},
        actor=world.controller,
        now=NOW,
    )
    return {
        "registration": world.entity.tax_registrations.get(),
        "team_hours": entities.set_team_hours(
            world.entity,
            team="collector",
            time_zone="UTC",
            holiday_region="",
            opens=time(9),
            closes=time(17),
            actor=None,
            now=NOW,
        ),
        "bank_change": entities.request_bank_change(
            world.entity,
            currency="USD",
            proposed={
                "holder": "Northwind",
                "bank_name": "Hausbank",
                "iban": "DE89370400440532013000",
                "bic": "COBADEFF",
            },
            reason="New bank",
            actor=world.controller,
            now=NOW,
        ),
        "item": world.item,
        "policy": draft,
        "version": draft.versions.get(),
        "public_version": world.policy,
    }


def _mail(company: Company) -> dict[str, Any]:
    invoice, contact = company.issued, company.contact
    link = links.create_link(invoice, purpose=links.INVOICE, contact=contact, actor=None, now=NOW)
    own = links.create_link(contact.customer, purpose=links.OVERVIEW, contact=contact, actor=None, now=NOW)
    message = correspondence.queue_message(
        situation="invoice",
        about=invoice,
        customer=invoice.customer,
        entity=invoice.entity,
        language="en",
        variables=values_of(invoice),
        contacts=[contact],
        link=link,
        actor=None,
        now=NOW,
    )
    stored = default_storage.save(f"mail/{message.pk}.pdf", ContentFile(b"%PDF-1.7"))
    return {
        "link": link,
        "token": links.token_of(link),
        "own_token": links.token_of(own),
        "message": message,
        "delivery": message.deliveries.get(),
        "attachment": message.attachments.create(
            filename="invoice.pdf", media_type="application/pdf", stored_name=stored, sha256="0" * 64
        ),
        "letter": make_letter(invoice, printed=True),
        "template": Template.objects.filter(situation="invoice", language="en").latest("version"),
    }


def _people(company: Company) -> dict[str, Any]:
    admin, bystander = make_user("administrator"), make_user("manager")
    key, _raw = team.create_key(
        bystander,
        name="Warehouse",
        scopes=["invoices.view_invoice"],
        expires_at=NOW + timedelta(days=30),
        actor=admin,
        now=NOW,
    )
    return {
        "person": bystander,
        "key": key,
        "limit": team.set_limit(
            kind="refund", role="lead", limit=Decimal(100), currency="GBP", actor=admin, now=NOW
        ),
        "absence": enter_absence(
            bystander, first_on=TODAY, last_on=TODAY, deputy=make_user("manager"), actor=bystander, now=NOW
        ),
        "view": SavedView.objects.create(user=bystander, page="invoices", name="Mine", query="status=open"),
        "job": jobs.ask("invoices", title="Issue 2", arguments={}, total=2, actor=bystander, now=NOW),
        "letters_job": jobs.ask("letters", title="Print 2", arguments={}, total=2, actor=bystander, now=NOW),
        "notice": Notice.objects.create(
            person=bystander, entry=Entry.objects.latest("id"), title="Terms changed", made_at=NOW
        ),
        "must_read": Notice.objects.create(
            person=bystander,
            entry=Entry.objects.filter(customer_key=company.customer.pk).latest("id"),
            title=f"Changed requirement of {company.customer.name}",
            must_read=True,
            made_at=NOW,
        ),
        "change_notice": _change_notice(company),
        "item_of_work": open_work(
            kind="review",
            key=f"stage:{company.customer.pk}",
            subject=company.customer,
            label="Look at it",
            path="/",
            why="It is new",
            now=NOW,
            entity=company.entity,
            customer_id=company.customer.pk,
            owner=company.world.clerk,
            role="specialist",
        ),
    }


def _change_notice(company: Company) -> ChangeNotice:
    notices.install_rules(now=NOW)
    return notices.write_change(
        title="New account", situation="bank_details_changed", entity=company.entity, account_end="5678",
        effective_on=TODAY, actor=company.world.lead, now=NOW,
    )  # fmt: skip


def _talk(company: Company) -> dict[str, Any]:
    world = company.world
    post = conversations.receive_message(
        customer=world.customer,
        contact=company.contact,
        sender=company.contact.email,
        subject="Wrong price",
        body="Why 1,190?",
        channel="email",
        external_id=f"<{world.customer.pk}@customer.example>",
        files=(File("order.pdf", "application/pdf", b"%PDF-1.7"),),
        now=NOW,
    )
    note = conversations.write_note(post.thread, body="Ask the site", actor=world.clerk, now=NOW)
    document = invoices.write_draft(
        world.draft("40.00"), actor=world.clerk, now=NOW, document_type=Invoice.Type.DEBIT_NOTE
    )
    charge = Charge.objects.create(
        invoice=company.issued, document=document, customer=world.customer, entity=world.entity,
        kind="fixed_sum", until=TODAY, currency="EUR", amount=Decimal("40.00"), regime="DE",
        legal_basis="§ 288 BGB", made_at=NOW,
    )  # fmt: skip
    charging.load_rates(reference_rates(), actor=None, now=NOW)
    [bank] = banking.import_file(
        f"{world.entity.code}.xml",
        camt(("8.00", "?", f"Payer of {world.entity.code}")),
        actor=world.cash,
        now=NOW,
        account=world.entity.bank_accounts.first(),
    ).statements
    return {
        "bank_statement": bank,
        "bank_line": bank.lines.get(),
        "remittance": advised(world),
        "bank_account": bank.account,
        "thread": post.thread,
        "sent_file": post.attachments.get(),
        "note": note,
        "charge": charge,
        "rate": ReferenceRate.objects.earliest("pk"),
    }


# ---------------------------------------------------------------------------------------- addresses

Find = Callable[[Company], dict[str, Any]]


def _pk(name: str) -> Find:
    return lambda company: {"pk": getattr(company, name).pk}


def _version(company: Company) -> dict[str, Any]:
    return {"code": company.policy.code, "number": company.version.number}


def _of_month(company: Company) -> dict[str, Any]:
    return {"pk": company.entity.pk, "month": "2026-10"}


def _code(company: Company) -> dict[str, Any]:
    return {"code": company.policy.code}


def _link(company: Company) -> dict[str, Any]:
    return {"kind": "invoice", "pk": company.issued.pk}


# (namespace, names of addresses, whose the object is, how to find it in a company)
_TABLE: tuple[tuple[str, str, str, Find], ...] = (
    ("portal", "draft", COMPANY, _pk("draft")),
    (
        "portal",
        "invoice pdf calendar logo promise ask pay rate dispute",
        SHARED,
        lambda c: {"token": c.token},
    ),
    (
        "portal",
        "overview my_calendar my_statement_new my_preferences my_person my_email",
        SHARED,
        lambda c: {"token": c.own_token},
    ),
    ("portal", "my_invoice", SHARED, lambda c: {"token": c.own_token, "pk": c.issued.pk}),
    ("portal", "my_statement", SHARED, lambda c: {"token": c.own_token, "pk": c.statement.pk}),
    ("portal", "my_accept", SHARED, lambda c: {"token": c.own_token, "pk": c.plan.pk}),
    (
        "portal",
        "dispute_answer dispute_unsolved dispute_withdraw",
        SHARED,
        lambda c: {"token": c.token, "pk": c.dispute.pk},
    ),
    ("portal", "answer", SHARED, lambda c: {"token": c.token, "pk": c.thread.pk}),
    ("portal", "my_answer", SHARED, lambda c: {"token": c.own_token, "pk": c.thread.pk}),
    ("portal", "confirm confirm_now", SHARED, lambda c: {"token": c.own_token}),
    ("portal", "survey survey_answer survey_stop", SHARED, lambda c: {"token": c.survey_token}),
    ("feedback", "answer flag answered sort", COMPANY, _pk("answer")),
    ("feedback", "suggestion answer_suggestion sort_suggestion", SHARED, _pk("suggestion")),
    ("feedback", "improvement aim start close drop publish", COMPANY, _pk("improvement")),
    ("feedback", "customer_panel ask", COMPANY, _pk("customer")),
    ("feedback", "wish", COMPANY, _pk("contact")),
    ("portal", "links_panel", COMPANY, _pk("customer")),
    ("portal", "link_send links_close", COMPANY, _pk("contact")),
    ("payments", "detail allocate bounce identify take_back", COMPANY, _pk("payment")),
    ("payments", "undo", COMPANY, _pk("allocation")),
    ("payments", "credit_use refund_request", COMPANY, _pk("credit")),
    ("payouts", "plan", COMPANY, lambda c: {"pk": c.entity.pk}),
    ("payouts", "detail download approve reject executed refused", COMPANY, _pk("payment_file")),
    ("payments", "refund_detail refund_approve refund_reject refund_left", COMPANY, _pk("refund")),
    ("payments", "write_off_request small_difference", COMPANY, _pk("part_paid")),
    (
        "payments",
        "write_off_detail write_off_approve write_off_reject write_off_recover",
        COMPANY,
        _pk("write_off"),
    ),
    ("payments", "account account_summary statement statement_xlsx", COMPANY, _pk("customer")),
    ("cases", "detail peek call edit skip snooze delegate hardship stop write_off", COMPANY, _pk("case")),
    ("cases", "promise_new plan_new plan_preview hand_over_new", COMPANY, _pk("case")),
    ("cases", "correct", COMPANY, _pk("call")),
    ("cases", "promise promise_approve promise_refuse promise_withdraw", COMPANY, _pk("promise")),
    ("cases", "plan plan_approve plan_refuse plan_withdraw plan_accept", COMPANY, _pk("plan")),
    (
        "cases",
        "hand_over hand_over_approve hand_over_refuse hand_over_recall hand_over_pack",
        COMPANY,
        _pk("hand_over"),
    ),
    (
        "disputes",
        "detail acknowledge investigate resume reply assign escalate withdraw reopen consult propose",
        COMPANY,
        _pk("dispute"),
    ),
    ("disputes", "accept decline prevent", COMPANY, _pk("dispute")),
    ("disputes", "new invoice_panel", COMPANY, _pk("issued")),
    ("disputes", "short", COMPANY, _pk("payment")),
    ("disputes", "limits", COMPANY, lambda c: {"pk": c.entity.pk}),
    ("disputes", "playbook", SHARED, lambda c: {"reason": "PRC"}),
    ("reminders", "why pause_invoice", COMPANY, _pk("issued")),
    ("reminders", "pause_customer ladder_of_customer", COMPANY, _pk("customer")),
    ("reminders", "ladder_of_segment", SHARED, _pk("segment")),
    ("reminders", "resume", COMPANY, _pk("pause")),
    ("reminders", "end_ladder", COMPANY, _pk("ladder")),
    ("cases", "customer_panel", COMPANY, _pk("customer")),
    ("cases", "invoice_panel", COMPANY, _pk("issued")),
    ("statements", "detail pdf send", COMPANY, _pk("statement")),
    ("statements", "retry", COMPANY, _pk("mailing")),
    ("statements", "make schedule customer_panel", COMPANY, _pk("customer")),
    ("statements", "segment_schedule", SHARED, _pk("segment")),
    ("invoices", "edit submit withdraw approve reject issue discard deposits", COMPANY, _pk("draft")),
    (
        "invoices",
        "detail send copy convert final rebill credit hold move_due_date annotate pdf paper mail",
        COMPANY,
        _pk("issued"),
    ),
    ("invoices", "due_date due_date_approve due_date_reject", COMPANY, _pk("move")),
    ("invoices", "release", COMPANY, lambda c: {"pk": c.issued.pk, "hold_pk": c.hold.pk}),
    ("invoices", "delete_view", PERSONAL, _pk("view")),
    ("invoices", "retry", PERSONAL, _pk("job")),
    ("catalogue", "detail edit set_price", SHARED, _pk("item")),
    ("catalogue", "set_nexus", SHARED, lambda c: {"pk": _state_rate()}),
    ("correspondence", "detail body", COMPANY, _pk("message")),
    (
        "correspondence",
        "attachment",
        COMPANY,
        lambda c: {"pk": c.message.pk, "attachment_pk": c.attachment.pk},
    ),
    ("correspondence", "source retry cancel", COMPANY, _pk("delivery")),
    ("correspondence", "letter_pdf letter_returned", COMPANY, _pk("letter")),
    ("correspondence", "letters_together", PERSONAL, _pk("letters_job")),
    ("correspondence", "links look", COMPANY, _link),
    ("correspondence", "revoke", COMPANY, lambda c: _link(c) | {"link_pk": c.link.pk}),
    ("correspondence", "text_preview", PERSONAL, lambda c: {"key": "0" * 32}),
    ("correspondence", "activate submit send_back", SHARED, _pk("template")),
    ("correspondence", "text", SHARED, lambda c: {"situation": "invoice", "language": "en"}),
    (
        "customers",
        "detail edit settings block unblock own contact_add tax_id requirement_add",
        COMPANY,
        _pk("customer"),
    ),
    ("customers", "contact_edit contact_deactivate", COMPANY, _pk("contact")),
    ("customers", "address", COMPANY, lambda c: {"pk": c.customer.pk, "kind": "billing"}),
    ("customers", "tax_id_verify tax_id_end", COMPANY, _pk("tax_id")),
    ("customers", "requirement_edit requirement_end", COMPANY, _pk("requirement")),
    (
        "customers",
        "requirement_acknowledge",
        COMPANY,
        lambda c: {"pk": c.customer.pk, "requirement_pk": c.requirement.pk},
    ),
    ("customers", "requirement_add_shared", SHARED, lambda c: {"level": f"segment-{c.segment.pk}"}),
    ("customers", "segment_edit", SHARED, _pk("segment")),
    ("customers", "change_new", COMPANY, lambda c: {"pk": c.customer.pk, "subject": "terms"}),
    (
        "customers",
        "change_detail change_call_back change_approve change_reject",
        COMPANY,
        _pk("change"),
    ),
    ("metrics", "figure", SHARED, lambda c: {"code": "overdue"}),
    ("policies", "detail settings draft", SHARED, _code),
    (
        "policies",
        "version edit submit approve send_back publish discard review acknowledge",
        SHARED,
        _version,
    ),
    ("policies", "public public_text", SHARED, lambda c: {"ref": c.public_version.public_ref}),
    ("integrations", "columns begin usage_try", PERSONAL, lambda c: {"token": "0" * 32}),
    ("work", "job cancel failures", PERSONAL, _pk("job")),
    ("work", "act", COMPANY, lambda c: {"pk": c.item_of_work.pk, "act": "start"}),
    ("notices", "acknowledge detail", PERSONAL, _pk("notice")),
    ("notices", "readers", COMPANY, lambda c: {"pk": c.must_read.entry_id}),
    ("notices", "watch", COMPANY, lambda c: {"kind": "invoice", "pk": c.issued.pk}),
    ("notices", "rule", SHARED, lambda c: {"code": "credit-note"}),
    (
        "notices",
        "change edit_change submit_change approve_change reject_change drop_change",
        COMPANY,
        _pk("change_notice"),
    ),
    (
        "entities",
        "detail edit add_registration set_hours add_series request_bank set_logo logo",
        COMPANY,
        _pk("entity"),
    ),
    ("entities", "end_registration", COMPANY, lambda c: {"pk": c.entity.pk, "row": c.registration.pk}),
    ("entities", "end_hours", COMPANY, lambda c: {"pk": c.entity.pk, "row": c.team_hours.pk}),
    ("entities", "decide_bank", COMPANY, lambda c: {"pk": c.entity.pk, "change": c.bank_change.pk}),
    ("team", "detail set_roles deactivate reactivate reset_second_factor", SHARED, _pk("person")),
    (
        "conversations",
        "thread as_customer reply assign identify merge close reopen",
        COMPANY,
        _pk("thread"),
    ),
    ("conversations", "file", COMPANY, _pk("sent_file")),
    ("conversations", "note", COMPANY, _pk("note")),
    ("conversations", "write_note about", COMPANY, lambda c: {"kind": "invoice", "pk": c.issued.pk}),
    ("conversations", "door", SHARED, lambda c: {"provider": "postmark"}),
    ("correspondence", "reports", SHARED, lambda c: {"provider": "postmark"}),
    ("charges", "detail waive send", COMPANY, _pk("charge")),
    ("checkout", "detail ask", COMPANY, _pk("checkout")),
    ("checkout", "back demo demo_pay demo_cancel", SHARED, lambda c: {"handle": c.checkout.handle}),
    ("checkout", "events", SHARED, lambda c: {"code": c.entity.code}),
    ("banking", "detail file match", COMPANY, _pk("bank_statement")),
    ("banking", "remittance", COMPANY, _pk("remittance")),
    ("banking", "matching", COMPANY, lambda c: {"pk": c.entity.pk}),
    ("banking", "layout", COMPANY, _pk("bank_account")),
    ("banking", "accept book aside again join payout return", COMPANY, _pk("bank_line")),
    (
        "closing",
        "month points close soften reopen revaluation journal tax tax_rows tax_csv tax_xlsx",
        COMPANY,
        _of_month,
    ),
    ("closing", "rows", COMPANY, lambda c: _of_month(c) | {"code": "drafts"}),
    ("closing", "journal_file", COMPANY, _pk("journal")),
    ("charges", "charge of_invoice", COMPANY, _pk("issued")),
    ("charges", "review", SHARED, _pk("rate")),
    (
        "contracts",
        "detail edit submit approve reject cancel suspend resume end credit change_approve change_reject",
        COMPANY,
        _pk("contract"),
    ),
    ("contracts", "repeat", COMPANY, _pk("issued")),
    (
        "contracts",
        "change_plan",
        COMPANY,
        lambda c: {"pk": c.contract.pk, "item": c.contract.items.earliest("pk").pk},
    ),
    (
        "contracts",
        "run run_approve run_reject run_discard run_retry run_stop run_failures",
        COMPANY,
        _pk("run"),
    ),
    ("team", "cancel_absence", SHARED, _pk("absence")),
    ("team", "remove_limit", SHARED, _pk("limit")),
    ("team", "revoke_key", SHARED, _pk("key")),
)
ARGUMENTS: Mapping[str, tuple[str, Find]] = {
    f"{space}:{name}": (whose, find) for space, names, whose, find in _TABLE for name in names.split()
}


def _state_rate() -> int:
    return TaxRate.objects.filter(country="US").exclude(state_code="").earliest("pk").pk


@dataclass(frozen=True)
class Route:
    """One address of ours: its name ("space:name"), the names of its arguments and its mark."""

    name: str
    path: str
    arguments: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def mark(self) -> Mark:
        mark = mark_of(self.view)
        assert mark is not None, f"{self.path} names neither a permission nor a reason to be public"
        return mark


def routes() -> list[Route]:
    """Every named HTML address of ours; the API has its own matrix."""
    return [
        route
        for route in _walk(get_resolver(), "", "")
        if not route.view.__module__.startswith(FOREIGN) and not route.path.startswith("api/")
    ]


def _walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            name = f"{space}:{pattern.name}" if space else str(pattern.name or "")
            names = tuple(pattern.pattern.converters) + tuple(pattern.pattern.regex.groupindex)
            yield Route(name if pattern.name else "", path, tuple(dict.fromkeys(names)), pattern.callback)
        else:
            yield from _walk(pattern, path, pattern.namespace or space)


def everybody(**values: Any) -> User:
    """A person with every role at once: only rows can be forbidden to them."""
    user = make_user(**values)
    user.groups.set(Group.objects.filter(name__in=[role.code for role in ROLES]))
    return user
