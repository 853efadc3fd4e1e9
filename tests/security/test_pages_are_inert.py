"""T43, T45, T77: hostile texts stay texts on every page and in every file; each page has its headers."""

import csv
import io
import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from core.exporting import cell
from core.spreadsheets import TYPE
from correspondence.models import Template
from customers.models import Address, Contact, Customer
from invoices.inputs import LineInput
from policies.models import Policy
from tests.factories import make_user
from tests.security.stage import ARGUMENTS, Company, everybody, make_company, routes
from tests.sheets import sheet
from tests.world import NOW, TODAY
from work import jobs

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(300)]

MARK = "zqx"
# Each tries to leave where a text may stand: an element, an attribute in either quote, a script, a title,
# a comment, a template.
HOSTILE = f"\"><svg onload={MARK}()>'<script>{MARK}()</script>{{{{{MARK}}}}}"
SHORT = f"<b on{MARK}=1>"
_ACTIVE = re.compile(r"^\s*(javascript|vbscript|data:text/html)", re.IGNORECASE)
_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "data", "poster"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


class Reader(HTMLParser):
    """Finds what a browser would run, as a browser reads the page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.active: list[str] = []
        self.shown = 0
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self._inside = tag
        if MARK in tag or any(MARK in name or name.startswith("on") for name in given):
            self.active.append(f"<{tag} {given}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.active.append(f"<script {given}>")
        if MARK in given.get("style", ""):
            self.active.append(f"style={given['style']}")
        self.active += [
            f"{name}={value}" for name, value in given.items() if name in _ADDRESSES and _ACTIVE.match(value)
        ]
        if "srcdoc" in given:
            self.active += Reader(given["srcdoc"]).active
        self.shown += sum(MARK in value for value in given.values())

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.shown += data.count(MARK)


def test_the_reader_sees_what_a_browser_would_run():
    for text in (
        "<p onclick=1>", "<script>1</script>", "<a href=' JavaScript:1'>", f"<{MARK}>", f'<p x="" {MARK}=1>',
        '<iframe srcdoc="<b onload=1>">',
    ):  # fmt: skip
        assert Reader(text).active, text
    assert not Reader(
        '<p title="&lt;svg onload=zqx&gt;">&lt;script&gt;</p><script src="/a.js"></script>'
    ).active


def hostile_company() -> Company:
    """A company where everything somebody may have typed is hostile."""
    company = make_company()
    world, entity, customer = company.world, company.entity, company.world.customer
    entity.__class__.objects.filter(pk=entity.pk).update(
        name=HOSTILE, legal_name=HOSTILE, city=HOSTILE, address_lines=[HOSTILE], registration_text=HOSTILE
    )
    Customer.objects.filter(pk=customer.pk).update(name=HOSTILE, legal_name=HOSTILE, notes=HOSTILE)
    Address.objects.filter(customer=customer).update(lines=[HOSTILE], city=HOSTILE)
    Contact.objects.filter(customer=customer).update(name=HOSTILE, role=HOSTILE[:60])
    Policy.objects.update(name=HOSTILE)
    Template.objects.filter(pk=company.template.pk).update(subject=HOSTILE, body=HOSTILE)
    type(company.item).objects.filter(pk=company.item.pk).update(name=HOSTILE, detail=HOSTILE, unit=SHORT)
    type(company.segment).objects.filter(pk=company.segment.pk).update(name=HOSTILE)
    type(company.person).objects.filter(pk=company.person.pk).update(name=HOSTILE)
    type(company.key).objects.filter(pk=company.key.pk).update(name=HOSTILE)
    type(company.requirement).objects.filter(pk=company.requirement.pk).update(note=HOSTILE, source=HOSTILE)
    type(company.change).objects.filter(pk=company.change.pk).update(reason=HOSTILE)
    entity.refresh_from_db()
    customer.refresh_from_db()
    wanted = {
        "lines": (LineInput(HOSTILE, Decimal(1), Decimal(10), detail=HOSTILE, unit=SHORT),),
        "po_number": HOSTILE[:60],
        "buyer_reference": HOSTILE[:60],
        "cost_centre": HOSTILE[:60],
        "contract_reference": HOSTILE[:60],
        "notes": HOSTILE,
    }
    issued = world.issued(**wanted)
    fresh = make_company_objects(company, issued)
    return fresh


def make_company_objects(company: Company, issued) -> Company:
    """The same company, its addresses now leading to the hostile document."""
    from correspondence import links
    from invoices import operations as invoices
    from payments import operations as payments

    world = company.world
    company.objects["issued"] = issued
    company.objects["draft"] = invoices.copy_forward(issued, actor=world.clerk, now=NOW).invoice
    company.objects["hold"] = invoices.hold(issued, Decimal(1), reason=HOSTILE, actor=world.lead, now=NOW)
    payment = payments.record_payment(
        payments.Receipt(
            world.entity,
            TODAY,
            "EUR",
            Decimal(5),
            customer=world.customer,
            payer_name=HOSTILE,
            reference=HOSTILE,
            note=HOSTILE,
        ),
        actor=world.cash,
        now=NOW,
    )
    company.objects["payment"] = payment
    company.objects["credit"] = payment.open_item
    company.objects["refund"] = payments.request_refund(
        payment.open_item, Decimal(1), reason=HOSTILE, actor=world.cash, now=NOW
    )
    link = links.create_link(issued, purpose=links.INVOICE, contact=company.contact, actor=None, now=NOW)
    company.objects |= {"link": link, "token": links.token_of(link)}
    return company


def pages(company: Company, client: Client):
    """(address, answer) of everything that can be read, for somebody with every role."""
    for route in routes():
        if not route.name or (route.arguments and route.name not in ARGUMENTS):
            continue
        found = ARGUMENTS[route.name][1](company) if route.arguments else {}
        path = reverse(route.name, kwargs=found)
        if not path.endswith((".csv", ".pdf", ".ics", "/pdf/", ".png")):
            yield path, client.get(path)


def judge_headers(path: str, answer) -> list[str]:
    """What is missing among the headers of a page."""
    policy = answer.headers.get("Content-Security-Policy", "")
    rules = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    framed = answer.headers.get("X-Frame-Options") == "SAMEORIGIN"
    faults = []
    if rules.get("default-src") != ["'none'"]:
        faults.append("default-src")
    if "'unsafe-inline'" in rules.get("script-src", []) or "'unsafe-eval'" in policy:
        faults.append("script-src")
    # A mail keeps the styles in its elements; it is shown in a sandbox without scripts.
    if "'unsafe-inline'" in rules.get("style-src", []) and "sandbox" not in rules:
        faults.append("style-src")
    if rules.get("frame-ancestors") != (["'self'"] if framed else ["'none'"]):
        faults.append("frame-ancestors")
    if answer.headers.get("X-Frame-Options") not in ("DENY", "SAMEORIGIN"):
        faults.append("X-Frame-Options")
    if answer.headers.get("X-Content-Type-Options") != "nosniff":
        faults.append("nosniff")
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        faults.append("Cache-Control")
    return [f"{path}: {fault}" for fault in faults]


@pytest.mark.soak("T45")
def test_no_page_runs_what_somebody_typed_and_each_has_its_headers(figures):
    company = hostile_company()
    cache.clear()
    client = Client(raise_request_exception=False)
    client.force_login(everybody(name=HOSTILE), backend="django.contrib.auth.backends.ModelBackend")
    active, headers, broken, judged, showing = [], [], [], 0, 0
    for path, answer in pages(company, client):
        if answer.status_code >= 500 and not path.startswith(("/healthz", "/readyz")):
            broken.append(f"{path} -> {answer.status_code}")
        if answer.streaming or not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        reader = Reader(answer.content.decode())
        judged += 1
        showing += bool(reader.shown)
        active += [f"{path}: {one}" for one in reader.active]
        headers += judge_headers(path, answer)

    figures("T45", pages=judged, showing_the_payload=showing, active_nodes=len(active))
    figures("T77 headers", pages=judged, faults=len(headers))
    assert not broken, "\n".join(broken)
    assert not active, "\n".join(active)
    assert not headers, "\n".join(headers)
    assert showing >= 30, "the payload hardly shows anywhere: the test has lost its objects"


# -------------------------------------------------------------------------------------------- T43: CSV

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", '=HYPERLINK("http://x";"y")', "'=1"]
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_LISTS = {"invoices:export", "payments:export", "payments:statement", "ledger:journal"}
_MONTH = {"closing:tax_csv", "closing:tax_xlsx", "closing:journal_file"}
_EXPORTS = {
    "work:failures",
    "contracts:run_failures",
    *_MONTH,
    *_LISTS,
    *(f"{name}_xlsx" for name in _LISTS),
}


def cells(answer) -> list[list[str]]:
    """The rows of a CSV; of an XLSX what is text in it, as a CSV would have to write it."""
    if answer["Content-Type"] == TYPE:
        return [[cell(one) for one in row if isinstance(one, str)] for row in sheet(answer.getvalue())]
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def test_every_list_file_of_the_site_is_known_here():
    found = {route.name for route in routes() if route.path.endswith((".csv", ".xlsx"))}

    assert found == _EXPORTS, "Add the new file to _EXPORTS and make sure the test below fills it"


@pytest.mark.soak("T43")
@pytest.mark.parametrize("formula", FORMULAS)
def test_a_spreadsheet_finds_no_formula_and_the_text_comes_back(formula, figures):
    company = make_company()
    world = company.world
    Customer.objects.filter(pk=world.customer.pk).update(name=formula)
    type(company.entity).objects.filter(pk=company.entity.pk).update(name=formula)
    type(company.payment).objects.filter(pk=company.payment.pk).update(payer_name=formula, reference=formula)
    user = everybody()
    job = jobs.ask("invoices", title="Issue", arguments={}, total=1, actor=user, now=NOW)
    type(job).objects.filter(pk=job.pk).update(
        failures=[{"row": formula, "field": formula, "message": formula, "mend": formula}]
    )
    told = {"field": formula, "message": formula, "mend": formula}
    assert company.run.rows.update(state="failed", fault=told)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    wanted = {
        "payments:statement": {"pk": world.customer.pk},
        "payments:statement_xlsx": {"pk": world.customer.pk},
        "work:failures": {"pk": job.pk},
        "contracts:run_failures": {"pk": company.run.pk},
        **{name: {"pk": company.entity.pk, "month": "2026-10"} for name in _MONTH},
        "closing:journal_file": {"pk": company.journal.pk},
    }
    rows, executed, kept = 0, [], 0
    for name in sorted(_EXPORTS):
        path = reverse(name, kwargs=wanted.get(name, {}))
        for row in cells(client.get(path)):
            rows += 1
            kept += sum(one == f"'{formula}" for one in row)
            executed += [
                f"{name}: {one!r}"
                for one in row
                if one.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) and not _NUMBER.match(one)
            ]

    figures(f"T43 {formula!r}", rows=rows, kept=kept, executed=len(executed))
    assert not executed, "\n".join(executed)
    assert kept >= 5, "the text did not come through"


def test_somebody_without_the_right_gets_no_file():
    company = make_company()
    client = Client()
    client.force_login(make_user("legal_adviser"), backend="django.contrib.auth.backends.ModelBackend")

    for name in sorted(_EXPORTS - _MONTH - {"work:failures"}):
        wanted = [company.customer.pk] if "statement" in name else []
        wanted = [company.run.pk] if name == "contracts:run_failures" else wanted
        assert client.get(reverse(name, args=wanted)).status_code == 403
    of_month = [company.entity.pk, "2026-10"]
    for name in sorted(_MONTH):
        wanted = [company.journal.pk] if name == "closing:journal_file" else of_month
        assert client.get(reverse(name, args=wanted)).status_code == 403
