"""A customer's account: open items, ageing, credits, statement, as of any day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.charts import Part, stack
from core.exporting import table_file
from core.money import plain
from core.permissions import allowed
from customers import queries as customers
from customers.models import Customer
from entities.queries import local_day
from payments import operations, queries
from payments.forms import day_of
from payments.queries import Account
from team.exports import count_export
from team.requests import StaffRequest

VIEW = "payments.view_payment"
_COLUMNS = ("currency", "date", "kind", "text", "amount", "balance")
_LAST_PAYMENTS = 12


@require_GET
@allowed(VIEW)
def account(request: StaffRequest, pk: int) -> HttpResponse:
    """The whole account as of `?as_of=` (today when left out), the statement from `?since=`."""
    customer, on, since, today = _asked(request, pk)
    days = {"as_of": on, "since": since}
    unread = [name for name, day in days.items() if request.GET.get(name, day.isoformat()) != day.isoformat()]
    if unread:
        messages.warning(
            request,
            f"This account is shown as of {on}, from {since}: what the address asked for is no day, lies in "
            "the future or begins after it ends. Choose a day up to today.",
        )
    accounts = queries.account_of(customer, on=on, today=today, since=since)
    receipts = queries.visible_to(request.user).filter(customer=customer, received_on__lte=on)
    return render(
        request,
        "payments/account.html",
        {
            "customer": customer,
            "accounts": [_shown(one) for one in accounts],
            "on": on,
            "today": today,
            "is_today": on == today,
            "since": since,
            "month_ends": _month_ends(today),
            "payments": receipts.select_related("open_item").order_by("-received_on", "-id")[:_LAST_PAYMENTS],
            "query": request.GET.urlencode(),
        },
    )


@require_GET
@allowed(VIEW)
def summary(request: StaffRequest, pk: int) -> HttpResponse:
    """The account in a few lines, for the customer's page."""
    customer, on, _since, today = _asked(request, pk)
    accounts = queries.account_of(customer, on=on, today=today, since=on, most=5)
    context = {"customer": customer, "accounts": [_shown(one) for one in accounts], "on": on}
    return render(request, "payments/_account_summary.html", context)


@require_GET
@allowed(VIEW)
def statement(request: StaffRequest, pk: int, kind: str) -> HttpResponseBase:
    """The running statement as CSV or XLSX, opening and closing balance included."""
    count_export(request.user)
    customer, on, since, today = _asked(request, pk)
    accounts = queries.account_of(customer, on=on, today=today, since=since)
    operations.note_statement(
        customer, actor=request.user, now=timezone.now(), query=request.GET.urlencode()
    )  # fmt: skip
    return table_file(f"statement-{customer.number}-{on}", kind, _COLUMNS, _lines(accounts, on))


def _lines(accounts: list[Account], on: date) -> Iterator[list[object]]:
    for one in accounts:
        write = one.currency
        yield [write, one.since, "opening", "Opening balance", "", Decimal(plain(one.opening, write))]
        for row in one.movements:
            amounts = (Decimal(plain(row.amount, write)), Decimal(plain(row.balance, write)))
            yield [write, row.on, row.kind, row.text, *amounts]
        yield [write, on, "closing", "Closing balance", "", Decimal(plain(one.closing, write))]


def _asked(request: StaffRequest, pk: int) -> tuple[Customer, date, date, date]:
    rows = customers.visible_to(request.user).select_related("entity", "owner", "parent")
    customer = get_object_or_404(rows, pk=pk)
    today = local_day(customer.entity, timezone.now())
    get = request.GET.dict()
    on = day_of(get, "as_of", today, latest=today)
    since = day_of(get, "since", on - timedelta(days=queries.STATEMENT_DAYS), latest=on)
    return customer, on, since, today


def _shown(one: Account) -> dict[str, Any]:
    """The account with its bar; each part links to the rows of its age."""
    parts = queries.ageing_parts(one)
    return {
        "account": one,
        "bar": stack(
            [Part(name, amount, css) for _code, name, amount, css in parts], title=f"Ageing in {one.currency}"
        ),
        "parts": [
            {
                "code": code,
                "name": name,
                "amount": amount,
                "css": css,
                "count": _count(one, code),
                "share": _share(amount, one),
            }
            for code, name, amount, css in parts
        ],
    }


def _share(amount: Decimal, one: Account) -> str:
    return f"{amount / one.outstanding * 100:.1f}%" if one.outstanding else ""


def _count(one: Account, code: str) -> int:
    return sum(1 for row in one.items if row.bucket == code)


def _month_ends(today: date) -> list[date]:
    """The last days of the last three months, for a quick look back."""
    ends, day = [], today
    for _ in range(3):
        day = day.replace(day=1) - timedelta(days=1)
        ends.append(day)
    return ends
