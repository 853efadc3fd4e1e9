"""Pages about items, prices and taxes."""

from typing import Any

from babel import Locale
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalogue import operations, queries
from catalogue.forms import ItemForm, PriceForm, ReviewForm, TaxRateForm
from catalogue.models import Item, Price, TaxRate
from core import faults
from core.errors import DomainError, Stale
from core.paging import paginate
from core.permissions import NotAllowed, allowed
from team.requests import StaffRequest
from trail.queries import entries_of

_BOTH = ["GET", "POST"]
READ, WRITE = "catalogue.view_item", "catalogue.edit_item"


def tabs(current: str) -> list[dict[str, Any]]:
    """The parts of the catalogue."""
    return [
        {"label": label, "url": reverse(f"catalogue:{name}"), "current": name == current}
        for name, label in (("list", "Items and prices"), ("taxes", "Tax rates"))
    ]


@require_GET
@allowed(READ)
def list_(request: StaffRequest) -> HttpResponse:
    """The price list with today's prices."""
    text = request.GET.get("q", "").strip()
    rows = queries.items(text=text, active_only=request.GET.get("all") != "1")
    page = paginate(request, rows, sorts={"code": "code", "name": "name"}, default="code")
    prices: dict[int, list[Price]] = {}
    for price in queries.prices_on(timezone.localdate()).filter(item__in=[item.pk for item in page.items]):
        prices.setdefault(price.item_id, []).append(price)
    for item in page.items:
        item.now = prices.get(item.pk, [])
    context = {"page": page, "q": text, "tabs": tabs("list"), "all": request.GET.get("all") == "1"}
    return render(request, "catalogue/list.html", context)


@require_http_methods(_BOTH)
@allowed(WRITE)
def add(request: StaffRequest) -> HttpResponse:
    """A new item."""
    form = ItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "lock_version"}
        try:
            item = operations.add_item(actor=request.user, now=timezone.now(), **values)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, f"{item} is on the list. Give it a price.")
            return redirect("catalogue:detail", item.pk)
    return render(request, "catalogue/edit.html", {"form": form}, status=_status(request))


@require_GET
@allowed(READ)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One item: what it is, its prices over time, how it is taxed."""
    return _detail(request, get_object_or_404(Item, pk=pk), PriceForm())


def _detail(request: StaffRequest, item: Item, form: PriceForm, status: int = 200) -> HttpResponse:
    today = timezone.localdate()
    prices = list(item.prices.order_by("currency", "-valid_from"))
    context = {
        "item": item,
        "form": form,
        "prices": [
            (one, one.valid_from <= today and (one.valid_to is None or one.valid_to >= today))
            for one in prices
        ],
        "today": today,
        "entries": entries_of(item)[:15],
        "may_edit": request.user.has_perm(WRITE),
    }
    return render(request, "catalogue/detail.html", context, status=status)


@require_http_methods(_BOTH)
@allowed(WRITE)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change an item."""
    item = get_object_or_404(Item, pk=pk)
    values = {name: getattr(item, name) for name in ItemForm.base_fields}
    form = ItemForm(request.POST or None, initial=values, item=item)
    status, stale = _status(request), None
    if request.method == "POST" and form.is_valid():
        changes = dict(form.cleaned_data)
        expected = changes.pop("lock_version")
        try:
            operations.edit_item(
                item, expected_version=expected, actor=request.user, now=timezone.now(), **changes
            )
        except Stale as fault:
            stale, status = fault, 409
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "Saved. Documents already written keep their lines.")
            return redirect("catalogue:detail", pk)
    return render(request, "catalogue/edit.html", {"form": form, "item": item, "stale": stale}, status=status)


@require_POST
@allowed(WRITE)
def set_price(request: StaffRequest, pk: int) -> HttpResponse:
    """A price from a day on."""
    item = get_object_or_404(Item, pk=pk)
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            operations.set_price(item, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "The price is set; the one before it ends the day before.")
            return redirect("catalogue:detail", pk)
    return _detail(request, item, form, 422)


@require_http_methods(_BOTH)
@allowed(READ)
def taxes(request: StaffRequest) -> HttpResponse:
    """The dated tax rates with their sources, and which ones a lawyer has confirmed."""
    may_edit = request.user.has_perm(WRITE)
    if request.method == "POST" and not may_edit:
        raise NotAllowed(WRITE)
    form = TaxRateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        values |= {"country": values["country"].upper(), "state_code": values["state_code"].upper()}
        values["category"] = "Z" if values["tax_class"] == "zero" else "S"
        try:
            operations.enter_tax_rate(actor=request.user, now=timezone.now(), **values)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "Entered. It waits for the legal adviser.")
            return redirect(f"{reverse('catalogue:taxes')}?country={values['country']}")
    today = timezone.localdate()
    country = request.GET.get("country", "").upper()
    names = Locale("en").territories
    codes = TaxRate.objects.order_by("country").values_list("country", flat=True).distinct()
    rows = list(queries.tax_rates(country=country, on=None if request.GET.get("past") == "1" else today))
    context = {
        "form": form,
        "review_form": ReviewForm(initial={"country": country, "reviewed_on": today}),
        "may_edit": may_edit,
        "rows": rows,
        "country": country,
        "countries": [(code, names.get(code, code)) for code in codes],
        "past": request.GET.get("past") == "1",
        "unreviewed": queries.unreviewed(today).count(),
        "tabs": tabs("taxes"),
        "today": today,
    }
    return render(request, "catalogue/taxes.html", context, status=_status(request))


@require_POST
@allowed(WRITE)
def confirm(request: StaffRequest) -> HttpResponse:
    """Note that the legal adviser confirmed a country's rates."""
    form = ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the country, the day and the adviser.")
        return redirect("catalogue:taxes")
    country = form.cleaned_data["country"].upper()
    rows = queries.tax_rates(country=country, on=form.cleaned_data["reviewed_on"])
    count = operations.confirm_reviewed(
        rows,
        reviewed_on=form.cleaned_data["reviewed_on"],
        adviser=form.cleaned_data["adviser"],
        actor=request.user,
        now=timezone.now(),
    )
    messages.success(request, f"{count} rates of {country} are marked as confirmed.")
    return redirect(f"{reverse('catalogue:taxes')}?country={country}")


@require_POST
@allowed(WRITE)
def set_nexus(request: StaffRequest, pk: int) -> HttpResponse:
    """Since when we must collect a US state's tax."""
    row = get_object_or_404(TaxRate, pk=pk)
    since = parse_date(request.POST.get("nexus_from", ""))
    operations.set_nexus(row, nexus_from=since, actor=request.user, now=timezone.now())
    words = f"since {since.isoformat()}" if since else "not at all"
    messages.success(request, f"{row.state_code}: we collect {words}.")
    return redirect(f"{reverse('catalogue:taxes')}?country=US")


def _status(request: StaffRequest) -> int:
    return 422 if request.method == "POST" else 200
