"""A small site on the real layout, to try the page scripts and the components in a browser."""

# ruff: noqa: E501 (markup is not wrapped)

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

from babel import Locale
from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from core.fields import DayField, NumberField
from core.permissions import public

SAVED: list[dict[str, str]] = []
"""What the draft has sent, newest last."""
ANSWER = {"status": 200}
open_to_all = public("a page of the tests")


class Draft(forms.Form):
    """A few kinds of fields."""

    due_on = DayField(label="Due", help_text="Net 30, a Monday")
    discount = NumberField(label="Discount", places=2, required=False)
    number = forms.CharField(label="VAT id")
    copy = forms.BooleanField(label="Send a copy to me", required=False)
    way = forms.ChoiceField(
        label="Payment", choices=[("a", "Transfer"), ("b", "Debit")], widget=forms.RadioSelect
    )


ROW = """<tr><td><input class="in" name="lines-{n}-description" data-label="Description, line" aria-label="Description, line"></td>
<td class="w-q"><input class="in n" name="lines-{n}-quantity" data-label="Quantity, line" aria-label="Quantity, line"></td>
<td class="w-p"><input class="in n" name="lines-{n}-unit_price" data-label="Price, line" aria-label="Price, line"></td>
<td class="w-t"><select class="in" name="lines-{n}-tax" data-label="Tax, line" aria-label="Tax, line"><option value="1" data-rate="19">VAT 19%</option><option value="2" data-rate="7">VAT 7%</option></select></td>
<td class="n w-a" data-amount></td>
<td class="w-x"><button class="btn ghost icon sm" type="button" data-remove-line aria-label="Remove the line">{{% icon "x" %}}</button></td></tr>"""

EDITOR = (
    """{% extends "base.html" %}{% load ui %}{% block title %}New invoice{% endblock %}
{% block crumb %}<b>New invoice</b>{% pill "Draft" "draft" %}{% include "components/_saved.html" %}{% endblock %}
{% block actions %}<button class="btn primary" form="draft">Review</button>{% endblock %}
{% block main_class %}{% endblock %}
{% block body %}<div id="notice" aria-live="polite"></div><div class="editor"><form id="draft" class="form" method="post" novalidate data-autosave="/save">{% csrf_token %}
<h1>New invoice</h1>{% include "components/form_errors.html" %}<input type="hidden" name="version" value="1"><input type="hidden" name="lines-TOTAL_FORMS" value="1">
<div class="sec"><h2>Details</h2><div class="grid3">{% field form.due_on %}{% field form.discount kind="n" %}{% field form.number check="/check" %}</div>{% field form.way %}{% field form.copy %}</div>
<div class="sec"><h2>Lines</h2><div class="lines"><table data-lines data-currency="EUR" data-exponent="2"><thead><tr><th>Description</th><th class="n">Qty</th><th class="n">Price</th><th>Tax</th><th class="n">Amount</th><th><span class="vh">Remove</span></th></tr></thead><tbody>"""
    + ROW.replace("{{%", "{%").replace("%}}", "%}").replace("{n}", "0")
    + """</tbody></table><div class="add"><button class="btn ghost sm" type="button" data-add-line>Add line</button></div></div>
<template data-line>"""
    + ROW.replace("{{%", "{%").replace("%}}", "%}").replace("{n}", "__prefix__")
    + """</template><dl class="totals"><dt>Net</dt><dd data-total="net"></dd><dt>VAT</dt><dd data-total="tax"></dd><dt class="g">Total</dt><dd class="g" data-total="gross"></dd></dl></div>
<p id="hint">not saved</p></form><aside aria-label="Preview"><h2>Preview</h2></aside></div>{% endblock %}"""
)

LIST = """{% extends "base.html" %}{% load ui %}{% block title %}Invoices{% endblock %}
{% block crumb %}<b>Invoices</b>{% endblock %}
{% block actions %}<a class="btn primary" href="/editor" data-key="c">{% icon "plus" %}New <kbd class="hide-sm">C</kbd></a>{% endblock %}
{% block content %}<div class="page-head"><h1>Invoices</h1></div>{% include "components/tabs.html" with tabs=tabs label="Saved views" %}
<form class="filters" role="search"><div class="find">{% icon "search" %}<input class="in" type="search" name="q" data-find aria-label="Find"></div>{% include "components/chips.html" with chips=chips %}</form>
<div class="list-card"><div class="tbl-wrap"><table class="t stack" data-list><thead><tr><th><input type="checkbox" data-all aria-label="Select all on this page"></th>{% sort_link "Number" "number" %}<th>State</th>{% sort_link "Amount" "total" "n" %}</tr></thead><tbody>
{% for row in page.items %}<tr><td class="p-pick"><input type="checkbox" form="bulk" name="pick" value="{{ row.number }}" data-pick data-minor="{{ row.total|minor:'EUR' }}" data-currency="EUR" aria-label="Select {{ row.number }}"></td><td class="main-cell p-main"><a href="/record?{{ row.number }}">{{ row.number }}</a></td><td class="p-stat">{% pill "Open" "info" %}</td><td class="n p-end">{{ row.total|money_or_dash:"EUR" }}</td></tr>{% endfor %}
</tbody></table></div>{% include "components/list_foot.html" %}</div>{% include "components/bulk.html" with action="/bulk" acts=acts %}{% endblock %}"""

RECORD = """{% extends "record.html" %}{% load ui %}{% block title %}INV-1{% endblock %}{% block crumb %}<b>INV-1</b>{% endblock %}
{% block head %}<header class="rec-head"><div><div class="id"><h1>INV-1</h1>{% pill "Overdue 12 d" "bad" %}</div></div></header>{% include "components/facts.html" with n="five" %}{% include "components/note.html" with kind="warn" strong="The debit came back." text="Account closed." url="/" label="Send form again" %}{% endblock %}
{% block content %}<section class="card"><header><div><h2>Timeline</h2></div></header><div class="body">{% include "components/timeline.html" %}</div></section>
<section class="card"><header><div><h2>Job</h2></div></header><div class="body">{% include "components/job.html" %}</div></section>
<section class="card"><header><div><h2>None</h2></div></header><div class="body">{% include "components/empty.html" with title="Nothing yet" text="It will come." action_url="/" action_label="Add" %}</div></section>{% endblock %}
{% block side %}<section class="card"><header><div><h2>Actions</h2></div></header><div class="body">{% include "components/actlist.html" %}</div></section>
<section class="card"><header><div><h2>Customer</h2></div></header><div class="body">{% include "components/kv.html" %}</div></section>
{% include "components/confirm.html" with id="void" title="Void?" text="It cannot be brought back." action="/void" label="Void" typed="VOID" %}{% endblock %}"""

FOUND = """<li class="g" role="presentation">Invoices</li>
<li class="o" role="option" aria-selected="false" data-href="/record?INV-1"><span><mark>INV</mark>-1</span></li>
<li class="o" role="option" aria-selected="false" data-href="/record?INV-2"><span><mark>INV</mark>-2</span></li>"""


def page(text: str, request: HttpRequest, **context: object) -> HttpResponse:
    """A page from a template written here."""
    return HttpResponse(engines["django"].from_string(text).render(context, request))


@open_to_all
def editor(request: HttpRequest) -> HttpResponse:
    """A draft; a POST checks it."""
    form = Draft(request.POST or None, initial={"discount": Decimal("1.5")})
    answer = page(EDITOR, request, form=form)
    answer.status_code = 422 if form.is_bound and not form.is_valid() else 200
    return answer


@open_to_all
def save(request: HttpRequest) -> HttpResponse:
    """What the draft sends by itself."""
    SAVED.append(request.POST.dict())
    if ANSWER["status"] == 409:
        return HttpResponse(
            '<div class="note warn"><span>Anna saved before you.</span><button>Take hers</button></div>',
            status=409,
        )
    answer = HttpResponse('<p id="hint">saved by the server</p>')
    answer["X-Version"] = str(int(request.POST["version"]) + 1)
    return answer


@open_to_all
def check(request: HttpRequest) -> HttpResponse:
    """What the server knows about one field."""
    wrong = request.POST["value"] == "DE1"
    words = "Needs 9 digits, this has 1." if wrong else ""
    return HttpResponse(
        f'<span class="err" id="id_number_error"{"" if wrong else " hidden"}><span data-words>{words}</span></span>',
        status=422 if wrong else 200,
    )


@open_to_all
def rows(request: HttpRequest) -> HttpResponse:
    """A list of three."""
    items = [SimpleNamespace(number=f"INV-{n}", total=Decimal(n) * 1000) for n in (1, 2, 0)]
    listed = SimpleNamespace(
        items=items, after="x", before="", total=12_500, total_is_estimate=True, range_words=_range
    )
    tabs = [
        {"label": "All", "url": "?", "count": 12_500, "current": True},
        {"label": "Draft", "url": "?s", "count": 0},
    ]
    acts = [{"value": "send", "label": "Send", "icon": "send"}]
    chips = [{"label": "Issued", "value": "Nov 2026", "url": "?"}]
    return page(LIST, request, page=listed, tabs=tabs, acts=acts, chips=chips)


def _range(_locale: Locale) -> str:
    return "1–3"


@open_to_all
def record(request: HttpRequest) -> HttpResponse:
    """A record with every component."""
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    events = [
        {
            "kind": "mail",
            "icon": "mail",
            "tone": "mail",
            "text": "Orla answered",
            "at": at,
            "quote": "We pay.",
        },
        {"kind": "note", "icon": "note", "tone": "note-i", "text": "A note", "at": at},
    ]
    return page(
        RECORD,
        request,
        facts=[{"label": name, "value": "€1.00", "small": "net"} for name in "ABCDE"],
        days=[{"label": "This week", "events": events}],
        filters=[
            {"label": "All", "url": "?show=all", "kind": "all", "count": 2, "current": True},
            {"label": "Mail", "url": "?show=mail", "kind": "mail", "count": 1},
        ],
        job={
            "url": "/job",
            "done": 5,
            "total": 9,
            "failed": 1,
            "state": "done",
            "errors_url": "/e",
            "retry_url": "/r",
        },
        acts=[
            {"label": "Record payment", "icon": "building-bank", "url": "#", "key": "P"},
            {"label": "Void", "icon": "circle-x", "confirm": "void"},
            {"label": "Remind", "icon": "send", "why": "Next allowed Wed 25 Nov."},
        ],
        pairs=[("Open", "€1.00"), ("Overdue", "€1.00", "2 invoices")],
    )


@open_to_all
def search(_request: HttpRequest) -> HttpResponse:
    """Two results, whatever is asked."""
    return HttpResponse(FOUND)


urlpatterns = [
    path("", include("core.urls")),
    path("accounts/", include("allauth.urls")),
    path("editor", editor),
    path("save", save),
    path("check", check),
    path("list", rows),
    path("record", record),
    path("search", search, name="search"),
]
