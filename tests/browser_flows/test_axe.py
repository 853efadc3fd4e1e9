"""Every page of the product: readable for everybody, in both themes and on a phone.

The pages are taken from the URLconf. A new route must be named in `PAGES`, or in `PARTS` where it is no page
of its own; acts (POST alone) are known by their answer to GET.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.browser import LOADED, PHONE, WCAG, WIDE, unreadable
from tests.browser_flows.everything import PASSWORD, Everything, make_everything

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.timeout(1800)]
PARTS_OF_THE_RUN = 4
"""So that the processes of the run share the pages among them."""
ADD = (
    "Add it to PAGES in tests/browser_flows/test_axe.py with the rows it shows, or to PARTS with the reason."
)

Args = Callable[[Everything], list[Any]]
HOME = [()]


def of(*names: str) -> Args:
    """One address for each named row."""
    return lambda all_: [(getattr(all_, name).pk,) for name in names]


# URL name -> what its addresses are made of: a list of argument tuples, or a function of the rows. A string
# in a tuple that begins with "?" is the query.
PAGES: dict[str, list[tuple[Any, ...]] | Args] = {
    "core:keyboard": HOME,
    "search": [(), ("?q=Nor",), ("?q=nothing+like+it",)],
    "api_docs": HOME,
    # metrics
    "metrics:home": HOME,
    "metrics:figure": [("outstanding",), ("overdue",), ("dso",), ("collected",)],
    "metrics:disputes": [(), ("?show=cycle",), ("?show=late",)],
    "metrics:dispute_holders": [(), ("?level=1",)],
    "metrics:health": HOME,
    # invoices
    "invoices:list": [(), ("?status=overdue",), ("?q=nothing+like+it",), ("?currency=JPY&least=10",)],
    "invoices:new": lambda all_: [
        (),
        (f"?customer={all_.customer.pk}",),
        (f"?customer={all_.customer.pk}&kind=deposit",),
    ],
    "invoices:detail": of(
        "overdue",
        "part_paid",
        "credited",
        "credit_note",
        "held",
        "yen",
        "draft",
        "waiting",
        "approved",
        "mailed",
        "proforma",
        "deposit",
        "final",
    ),
    "invoices:edit": of("draft", "waiting", "final"),
    "invoices:deposits": of("final", "draft"),
    "invoices:credit": of("overdue"),
    "invoices:hold": of("overdue"),
    "invoices:move_due_date": of("overdue"),
    "invoices:due_date": of("moved"),
    "invoices:annotate": of("overdue"),
    "invoices:discard": of("draft"),
    # payments
    "statements:list": [(), ("?q=nothing+like+it",)],
    "statements:detail": of("statement"),
    "statements:make": of("customer"),
    "statements:send_many": [(), ("?form=open_items&as_of=2026-01-31",)],
    "statements:schedules": HOME,
    "statements:schedule": of("customer"),
    "statements:segment_schedule": of("segment"),
    "payments:list": [(), ("?q=nothing+like+it",)],
    "payments:record": lambda all_: [
        (),
        (f"?customer={all_.customer.pk}",),
        (f"?invoice={all_.part_paid.pk}",),
    ],
    "payments:detail": of("receipt", "unidentified"),
    "payments:allocate": of("receipt"),
    "payments:bounce": of("receipt"),
    "payments:take_back": of("receipt"),
    "payments:identify": of("unidentified"),
    "payments:undo": of("allocation"),
    "payments:credit_use": of("credit"),
    "payments:refund_request": of("credit"),
    "payments:refund_detail": of("refund"),
    "payments:write_off_request": of("overdue"),
    "payments:write_off_detail": of("write_off"),
    "payments:small_difference": of("small_rest"),
    "payments:account": of("customer"),
    "payouts:list": HOME,
    "payouts:detail": of("payment_file", "payment_file_ready"),
    "checkout:list": [(), ("?tab=ended",)],
    "checkout:detail": of("checkout", "checkout_open"),
    "checkout:demo": lambda all_: [(all_.checkout.handle,), (all_.checkout_open.handle,)],
    "banking:list": [(), ("?account=987654",)],
    "banking:import": HOME,
    "banking:remittances": HOME,
    "banking:remittance": of("remittance"),
    "banking:matching": lambda all_: [(all_.world.entity.pk,)],
    "banking:layout": of("bank_account"),
    "banking:detail": lambda all_: [
        (all_.bank_statement.pk, "?tab=all"),
        (all_.bank_statement.pk,),
        (all_.bank_statement.pk, "?tab=aside"),
    ],
    # inquiries and late charges
    "conversations:inbox": [("?tab=all",), ("?tab=late",), ("?tab=unknown",), ("?tab=all&q=nothing",)],
    "conversations:thread": of("thread", "stranger"),
    "conversations:as_customer": of("thread"),
    "conversations:note": of("note"),
    "conversations:about": lambda all_: [("customer", all_.customer.pk), ("invoice", all_.overdue.pk)],
    "reminders:list": HOME,
    "reminders:forecast": HOME,
    "reminders:sent": HOME,
    "reminders:pauses": HOME,
    "reminders:ladders": HOME,
    "reminders:why": of("overdue"),
    "reminders:pause_invoice": of("overdue"),
    "reminders:pause_customer": of("customer"),
    "reminders:ladder_of_customer": of("customer"),
    "reminders:ladder_of_segment": of("segment"),
    "notices:list": [(), ("?tab=must",), ("?tab=readers",)],
    "notices:detail": of("notice"),
    "notices:readers": lambda all_: [(all_.notice.entry_id,)],
    "notices:watch": lambda all_: [("invoice", all_.overdue.pk)],
    "notices:protocol": HOME,
    "notices:rule": [("credit-note",), ("policy-published",)],
    "notices:add_rule": [("?fact=invoice.issued",)],
    "notices:changes": HOME,
    "notices:new_change": HOME,
    "notices:change": of("change_notice", "change_asked"),
    "notices:edit_change": of("change_notice"),
    "charges:list": [(), ("?state=waiver",)],
    "charges:detail": of("charge"),
    "charges:charge": of("overdue"),
    "charges:rates": HOME,
    "contracts:list": [(), ("?q=nothing+like+it",)],
    "contracts:new": HOME,
    "contracts:detail": of("contract", "contract_draft"),
    "contracts:edit": of("contract_draft"),
    "contracts:change_plan": lambda all_: [(all_.contract.pk, all_.contract.items.earliest("pk").pk)],
    "contracts:suspend": of("contract"),
    "contracts:resume": of("contract"),
    "contracts:end": of("contract"),
    "contracts:recurring": HOME,
    "contracts:repeat": of("overdue"),
    "contracts:runs": HOME,
    "contracts:run_new": HOME,
    "contracts:run": of("run_done", "run_planned"),
    "contracts:unbilled": [(), ("?show=credit",)],
    # feedback
    "feedback:answers": [(), ("?q=nothing+like+it",), ("?complaints=open",)],
    "feedback:answer": of("answer", "complaint"),
    "feedback:enter": HOME,
    "feedback:dashboard": [(), ("?instrument=nps",)],
    "feedback:suggestions": [(), ("?state=done",)],
    "feedback:suggest": HOME,
    "feedback:suggestion": of("suggestion"),
    "feedback:board": HOME,
    "feedback:plan": lambda all_: [(), (f"?answer={all_.answer.pk}",)],
    "feedback:improvement": of("improvement", "improvement_told"),
    "feedback:surveys": [(), ("?state=answered",)],
    # collecting
    "cases:worklist": [(), ("?tab=team",), ("?tab=done",)],
    "cases:detail": of("case"),
    "cases:hardship": of("case"),
    "cases:stop": of("case"),
    "cases:write_off": of("case"),
    "cases:promise_new": of("case"),
    "cases:plan_new": of("case"),
    "cases:hand_over_new": of("case"),
    "cases:correct": of("call"),
    "cases:promises": [(), ("?tab=waiting",), ("?tab=offered",)],
    "cases:promise": of("promise"),
    "cases:plan": of("plan"),
    "cases:hand_over": of("hand_over"),
    # disputes
    "disputes:list": [(), ("?tab=open",), ("?tab=closed",), ("?tab=open&q=nothing+like+it",)],
    "disputes:detail": of("dispute", "dispute_proposed", "dispute_ended"),
    "disputes:new": of("overdue"),
    "disputes:matrix": HOME,
    "disputes:playbooks": HOME,
    "disputes:playbook": [("PRC",)],
    # the book
    "ledger:list": HOME,
    "ledger:entries": HOME,
    "closing:list": HOME,
    "closing:month": lambda all_: [(all_.world.entity.pk, at, "?points") for at in all_.months],
    "closing:rows": lambda all_: [
        (all_.world.entity.pk, all_.months[0], code) for code in ("drafts", "revaluation", "numbers")
    ],
    "closing:revaluation": lambda all_: [(all_.world.entity.pk, at) for at in all_.months],
    "closing:tax": lambda all_: [(all_.world.entity.pk, at) for at in all_.months],
    "closing:tax_rows": lambda all_: [
        (all_.world.entity.pk, all_.months[0], f"?category=S&rate=19&country=DE&label={name}")
        for name in ("VAT", "none")
    ],
    "closing:journal": lambda all_: [(all_.world.entity.pk, at) for at in all_.months],
    "ledger:items": [(), ("?bucket=overdue",), ("?side=credit",)],
    "ledger:soundness": HOME,
    # prices and taxes
    "catalogue:list": HOME,
    "catalogue:add": HOME,
    "catalogue:detail": lambda all_: [(all_.world.item.pk,)],
    "catalogue:edit": lambda all_: [(all_.world.item.pk,)],
    "catalogue:taxes": HOME,
    # mail
    "correspondence:list": HOME,
    "correspondence:detail": of("message"),
    "correspondence:letters": [(), ("?state=posted",), ("?state=returned",)],
    "correspondence:links": lambda all_: [("invoice", all_.overdue.pk)],
    "correspondence:texts": HOME,
    "correspondence:text": [("invoice", "en"), ("formal_notice", "de", "?channel=letter")],
    # customers
    "customers:list": [(), ("?q=nothing+like+it",)],
    "customers:create": HOME,
    "customers:shared": HOME,
    "customers:requirement_add_shared": lambda all_: [(f"segment-{all_.segment.pk}",)],
    "customers:segment_add": HOME,
    "customers:segment_edit": of("segment"),
    "customers:detail": of("customer"),
    "customers:edit": of("customer"),
    "customers:settings": of("customer"),
    "customers:block": of("customer"),
    "customers:unblock": of("customer"),
    "customers:requirement_end": of("requirement"),
    "customers:contact_add": of("customer"),
    "customers:contact_edit": lambda all_: [(all_.customer.contacts.all()[0].pk,)],
    "customers:address": lambda all_: [(all_.customer.pk, kind) for kind in ("billing", "delivery")],
    "customers:tax_id": of("customer"),
    "customers:tax_id_verify": lambda all_: [(all_.customer.tax_ids.all()[0].pk,)],
    "customers:requirement_add": lambda all_: [
        (all_.customer.pk,),
        (all_.customer.pk, "?kind=attachment_required"),
    ],
    "customers:requirement_edit": of("requirement"),
    "customers:change_new": lambda all_: [
        (all_.customer.pk, subject) for subject in ("bank", "terms", "credit_limit")
    ],
    "customers:change_detail": of("change"),
    # policies
    "policies:list": HOME,
    "policies:add": HOME,
    "policies:terms": [(), ("?terms=30+days+end+of+month",)],
    "policies:detail": lambda all_: [(all_.world.policy.policy.code,)],
    "policies:settings": lambda all_: [(all_.world.policy.policy.code,)],
    "policies:version": lambda all_: [(all_.policy_draft.policy.code, all_.policy_draft.number)],
    "policies:edit": lambda all_: [(all_.policy_draft.policy.code, all_.policy_draft.number)],
    "policies:public": lambda all_: [
        (all_.world.policy.public_ref,),
        (all_.world.policy.public_ref, "?lang=de"),
    ],
    "integrations:list": HOME,
    "integrations:receivables": HOME,
    "integrations:columns": lambda all_: [(all_.upload,)],
    "integrations:usage": HOME,
    "integrations:usage_try": lambda all_: [(all_.usage_upload,)],
    # work
    "work:list": HOME,
    "work:approvals": HOME,
    "work:jobs": HOME,
    "work:job": of("job"),
    # selling companies
    "entities:list": HOME,
    "entities:add": HOME,
    "entities:rates": HOME,
    "entities:access": HOME,
    "entities:detail": lambda all_: [(all_.world.entity.pk,)],
    "entities:edit": lambda all_: [(all_.world.entity.pk,)],
    # people
    "team:list": HOME,
    "team:add": HOME,
    "team:detail": lambda all_: [(all_.world.clerk.pk,), (all_.everybody.pk,)],
    "team:roles": HOME,
    "team:limits": HOME,
    "team:keys": HOME,
    "team:add_key": lambda all_: [(f"?account={all_.everybody.pk}",)],
    "team:absences": HOME,
    "team:add_absence": lambda all_: [(), (f"?person={all_.world.clerk.pk}",)],
    "team:profile": HOME,
    "team:second_factor": HOME,
    "trail:list": HOME,
    # customers' pages
    "portal:draft": of("draft"),
    "portal:invoice": lambda all_: [(all_.link.split("/")[2],), ("nothing",)],
    "portal:overview": lambda all_: [(all_.own_link.split("/")[2],), ("nothing",)],
    "portal:confirm": lambda all_: [(all_.confirm_link.split("/")[2],), ("nothing",)],
    "portal:survey": lambda all_: [(all_.survey_link.split("/")[2],), ("nothing",)],
    "portal:ask_link": HOME,
    # signing in and the second factor
    "account_login": HOME,
    "account_logout": HOME,
    "account_inactive": HOME,
    "account_signup": HOME,
    "account_email_verification_sent": HOME,
    "account_confirm_email": [("nothing",)],
    "account_reauthenticate": HOME,
    "account_change_password": HOME,
    "account_reset_password": HOME,
    "account_reset_password_done": HOME,
    "account_reset_password_from_key": [("x", "nothing")],
    "account_reset_password_from_key_done": HOME,
    "mfa_index": HOME,
    "mfa_activate_totp": HOME,
    "mfa_list_webauthn": HOME,
    "mfa_add_webauthn": HOME,
}
STRANGERS = (
    "account_login",
    "account_signup",
    "account_reset",
    "account_confirm",
    "portal:invoice",
    "portal:overview",
    "portal:confirm",
    "portal:survey",
    "portal:ask_link",
    "checkout:demo",
    "policies:public",
)
"""Pages that send people who are signed in away, or are made for those who are not."""

PARTS: dict[str, str] = {
    # Parts of pages that are looked at, loaded by them.
    "invoices:totals": "of the list",
    "invoices:pick": "of invoices:new",
    "payments:totals": "of the list",
    "charges:of_invoice": "of the invoice's page",
    "payments:customer_names": "suggestions of payments:record",
    "payments:account_summary": "of the customer's page",
    "customers:similar": "of customers:create",
    "closing:points": "of closing:month",
    "cases:peek": "of the worklist",
    "cases:customer_panel": "of the customer's page",
    "statements:customer_panel": "of the customer's page",
    "feedback:customer_panel": "of the customer's page",
    "portal:links_panel": "of the customer's page",
    "portal:my_invoice": "leads to portal:invoice",
    "checkout:back": "leads to portal:invoice",
    "cases:invoice_panel": "of the invoice's page",
    "disputes:invoice_panel": "of the invoice's page",
    "metrics:dispute_tiles": "of the home page",
    "disputes:short": "of the receipt's page",
    "work:needs": "of the home page",
    # What stands in a frame: the document and the mail, both tested where they are made.
    "invoices:paper": "the document's own layout, in a frame",
    "invoices:mail": "the mail's own layout, in a frame",
    "correspondence:body": "the mail's own layout, in a frame",
    "correspondence:text_preview": "the mail's own layout, in a frame",
    # Files.
    **dict.fromkeys(
        ("portal:pdf", "portal:calendar", "portal:logo", "portal:my_calendar", "portal:my_statement",
         "payments:export", "payments:statement", "banking:file",
         "statements:pdf",
         "payments:export_xlsx", "payments:statement_xlsx", "invoices:export_xlsx", "ledger:journal_xlsx",
         "conversations:file", "invoices:export", "invoices:pdf", "ledger:journal", "cases:hand_over_pack",
         "correspondence:attachment", "correspondence:letter_pdf", "correspondence:letters_together",
         "correspondence:source", "contracts:run_failures",
         "closing:tax_csv", "closing:tax_xlsx", "closing:journal_file",
         "policies:public_text", "work:failures", "entities:logo",
         "mfa_download_recovery_codes", "schema"),
        "a file",
    ),
    "account_email": "leads to the profile",
    "metrics:healthz": "for machines",
    "metrics:readyz": "for machines",
    # allauth's, reached only in the middle of signing in; tests/core/test_sign_in_pages.py goes there.
    **dict.fromkeys(
        ("mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_login_webauthn",
         "mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_view_recovery_codes",
         "mfa_remove_webauthn", "mfa_edit_webauthn", "account_set_password", "account_confirm_login_code"),
        "in the middle of signing in",
    ),
}  # fmt: skip
FOREIGN = re.compile(r"^(admin/|api/v1/)")
"""Django's own pages for administrators (read only), and the API."""


def routes(resolver: URLResolver, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """URL name with its namespace, address and pattern of every named route of ours."""
    for one in resolver.url_patterns:
        address = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one, address, f"{one.namespace}:" if one.namespace else space)
        elif one.name and not FOREIGN.match(address):
            yield space + one.name, address, one


def addresses(everything: Everything) -> list[tuple[str, str]]:
    """URL name and address of every page."""
    found = []
    for name, given in PAGES.items():
        for row in given(everything) if callable(given) else given:
            args = [one for one in row if not str(one).startswith("?")]
            query = "".join(str(one) for one in row if str(one).startswith("?"))
            found.append((name, reverse(name, args=args) + query))
    return found


def _takes_only_post(client: Client, name: str, pattern: URLPattern) -> bool:
    kinds = {key: type(one).__name__ for key, one in pattern.pattern.converters.items()}
    values = {key: 1 if kind == "IntConverter" else "x" for key, kind in kinds.items()}
    try:
        return client.get(reverse(name, kwargs=values)).status_code == 405
    except NoReverseMatch:
        return False


def test_every_route_is_looked_at(client: Client) -> None:
    """A route is a page of the table, a part of a page with its reason, or an act that only takes POST."""
    client.force_login(make_everything().everybody)
    unknown = []
    for name, address, pattern in routes(get_resolver()):
        if name not in PAGES and name not in PARTS and not _takes_only_post(client, name, pattern):
            unknown.append(f"{name} ({address})")
    assert not unknown, f"Not looked at: {', '.join(unknown)}. {ADD}"
    gone = (PAGES.keys() | PARTS.keys()) - {name for name, _address, _pattern in routes(get_resolver())}
    assert not gone, f"No such route any more: {sorted(gone)}"


@pytest.mark.soak("pages")
@pytest.mark.parametrize("part", range(PARTS_OF_THE_RUN))
def test_everybody_can_read_every_page(open_page: Any, figures: Any, size: Any, part: int) -> None:
    """0 violations of WCAG 2.2 A and AA; on a phone, and at 320 px, nothing is scrolled in two directions.

    Of what is folded away many times alike, the first of each shape is unfolded, and of texts of one look
    the first is judged (all by `./dev soak pages`).
    """
    is_soak = size(0, 1)
    everything = make_everything()
    staff = open_page("/help/keyboard", user=everything.everybody, width=WIDE)
    stranger = open_page("/help/keyboard", width=WIDE)
    faults, paths = [], addresses(everything)[part::PARTS_OF_THE_RUN]
    for name, path in paths:
        page = stranger if name.startswith(STRANGERS) else staff
        if fault := _open(page, path):
            faults.append(fault)
            continue
        page.evaluate(_UNFOLD, 1_000_000 if is_soak else 1)
        faults.extend(f"{path} {one}" for one in unreadable(page, tags=WCAG, every_text=is_soak))
    figures(
        f"pages, part {part + 1}, in light and dark at {WIDE} px and at {PHONE}",
        pages=len(paths),
        faults=len(faults),
    )
    assert not faults, "\n" + "\n".join(faults)


# What is folded away is looked at too; an open menu would only lie on other controls. Alike is what has the
# same elements and headings.
_UNFOLD = """(most) => {
  const seen = new Map();
  for (const one of document.querySelectorAll('details:not(.menu)')) {
    const shape = [one.className, ...[...one.children].map((child) =>
      child.tagName + child.className + (/^H/.test(child.tagName) ? child.innerText : ''))].join(' ');
    seen.set(shape, (seen.get(shape) || 0) + 1);
    one.open = seen.get(shape) <= most;
  }
}"""


def _open(page: Any, path: str) -> str:
    """Go there; what is wrong when the page is another one."""
    answer = page.goto(path)
    if "/reauthenticate/" in page.url and "/reauthenticate/" not in path:
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{path}")
    elif answer.status != 200 and "nothing" not in path:
        return f"{path}: answers {answer.status}"
    page.wait_for_function(LOADED)
    arrived = urlsplit(page.url).path
    return "" if arrived == path.partition("?")[0] else f"{path}: leads to {arrived}"
