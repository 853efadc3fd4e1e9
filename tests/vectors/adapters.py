"""One adapter per kind of worked case: reads a case's input, calls the product's rule, writes its answer.

Absent input means off or none. Amounts and rates are decimal strings, days are ISO dates, None = undefined.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from audits import rules as audits
from cases import rules as cases
from catalogue import rules as catalogue
from contracts import rules as contracts
from core import clocks, interest, money, terms
from core.calendars import Calendar
from core.errors import Invalid
from entities import rules as entities
from feedback import rules as feedback
from invoices import rules as invoices
from ledger import rules as ledger
from metrics import rules as metrics
from payments import rules as payments
from reminders import rules as reminders
from work import rules as work

Case = dict[str, Any]
EUR = "EUR"
# The worked cases name holidays, not years: every year counts as entered.
YEARS = frozenset(range(1990, 2101))

ADAPTERS: dict[str, Callable[[Case], Case]] = {}


def adapter(rule: Callable[[Case], Case]) -> Callable[[Case], Case]:
    ADAPTERS[rule.__name__] = rule
    return rule


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def number(value: str | int | None, otherwise: str | None = "0") -> Decimal | None:
    text = otherwise if value is None else value
    return None if text is None else Decimal(text)


def text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def given(case: Case) -> Calendar:
    return Calendar(
        frozenset(date.fromisoformat(holiday) for holiday in case.get("holidays") or ()),
        YEARS,
        tuple(case.get("weekend") or (5, 6)) if case.get("weekend") != [] else (),
    )


def currency_of(case: Case, otherwise: str = EUR) -> str:
    return case.get("currency") or otherwise


@adapter
def rounding(case: Case) -> Case:
    return {
        mode: text(money.round_money(case["value"], case["currency"], mode=mode))
        for mode in ("half_up", "half_even")
    }


@adapter
def allocate(case: Case) -> Case:
    weights = [Decimal(weight) for weight in case["weights"]]
    parts = money.split(Decimal(case["total"]), weights, unit=money.unit(currency_of(case)))
    return {"parts": [text(part) for part in parts]}


def billed(lines: list[Case]) -> list[invoices.Line]:
    return [
        invoices.Line(
            qty=Decimal(line["qty"]),
            price=Decimal(line["price"]),
            category=line.get("cat") or "S",
            rate=number(line.get("rate")),
            base_qty=number(line.get("base_qty"), "1"),
            discount_pct=number(line.get("disc_pct")),
        )
        for line in lines
    ]


@adapter
def invoice_totals(case: Case) -> Case:
    currency = currency_of(case)
    discount = case.get("doc_discount") or {}
    totals = invoices.invoice_totals(
        billed(case["lines"]),
        currency=currency,
        discount_pct=number(discount.get("pct")),
        discount=number(discount.get("amt")),
        charges=[
            invoices.Adjustment(charge.get("cat") or "S", number(charge.get("rate")), Decimal(charge["amt"]))
            for charge in case.get("doc_charges") or ()
        ],
        prepaid=number(case.get("prepaid")),
        cash_round_to=number(case.get("cash_round_to"), None),
    )
    return {
        "line_nets": [text(line.net) for line in totals.lines],
        "sum_lines": text(totals.sum_lines),
        "doc_allowances": [
            {"cat": part.category, "rate": text(part.rate), "amount": text(part.amount)}
            for part in totals.allowances
        ],
        "allowance_total": text(totals.allowance_total),
        "charge_total": text(totals.charge_total),
        "tax_exclusive": text(totals.net),
        "breakdown": [
            {
                "cat": group.category,
                "rate": text(group.rate),
                "taxable": text(group.taxable),
                "tax": text(group.tax),
            }
            for group in totals.groups
        ],
        "tax_total": text(totals.tax),
        "tax_inclusive": text(totals.gross),
        "prepaid": text(totals.prepaid),
        "payable_rounding": text(totals.rounding),
        "amount_due": text(totals.due),
    }


@adapter
def tax_inclusive(case: Case) -> Case:
    price = invoices.tax_inclusive(Decimal(case["gross"]), Decimal(case["rate"]), currency_of(case))
    return {"net": text(price.net), "tax": text(price.tax), "gross": text(price.gross)}


@adapter
def gst_totals(case: Case) -> Case:
    result = invoices.gst_totals(
        billed(case["lines"]),
        supplier_state=case["supplier_state"],
        pos_state=case["pos_state"],
        sez=bool(case.get("sez")),
        round_to_rupee=bool(case.get("round_to_rupee")),
    )
    totals = result.totals

    def part(of: invoices.LineTotal, *names: str) -> str | None:
        return text(sum((of.components.get(name, Decimal(0)) for name in names), money.zero("INR")))

    def whole(*names: str) -> str | None:
        found = [group.components.get(name, Decimal(0)) for group in totals.groups for name in names]
        return text(sum(found, money.zero("INR")))

    return {
        "regime": result.regime,
        "lines": [
            {
                "taxable": text(line.taxable),
                "cgst": part(line, "CGST"),
                "sgst": part(line, "SGST", "UTGST"),
                "igst": part(line, "IGST"),
            }
            for line in totals.lines
        ],
        "taxable": text(totals.net),
        "cgst": whole("CGST"),
        "sgst_or_utgst": whole("SGST", "UTGST"),
        "igst": whole("IGST"),
        "round_off": text(totals.rounding),
        "total": text(totals.due),
    }


@adapter
def fx_settle(case: Case) -> Case:
    result = ledger.fx_settle(
        total=Decimal(case["total"]),
        tax=number(case.get("tax")),
        rate=ledger.Rate(case["currency"], case["functional"], Decimal(case["invoice_rate"])),
        payments=[(Decimal(part["amount"]), Decimal(part["rate"])) for part in case.get("payments") or ()],
    )
    return {
        "ar": text(result.ar),
        "tax": text(result.tax),
        "revenue": text(result.revenue),
        "payments": [
            {"bank": text(part.bank), "ar_relieved": text(part.ar_relieved), "fx_gain": text(part.fx_gain)}
            for part in result.payments
        ],
        "ar_open_doc": text(result.ar_open_doc),
        "ar_open_functional": text(result.ar_open_functional),
    }


@adapter
def due_date(case: Case) -> Case:
    return {"due": terms.due_on(day(case["from"]), case["terms"], calendar=given(case)).isoformat()}


@adapter
def instalments(case: Case) -> Case:
    schedule = [(Decimal(part["pct"]), part["terms"]) for part in case["schedule"]]
    try:
        parts = terms.instalments(
            Decimal(case["total"]), day(case["from"]), schedule, currency_of(case), calendar=given(case)
        )
    except Invalid as refusal:
        return {"error": refusal.rule}
    return {"instalments": [{"due": part.due_on.isoformat(), "amount": text(part.amount)} for part in parts]}


@adapter
def recurring(case: Case) -> Case:
    days = contracts.recurring(day(case["anchor"]), case["count"], every_months=case.get("every_months") or 1)
    return {"dates": [found.isoformat() for found in days]}


@adapter
def proration(case: Case) -> Case:
    result = contracts.proration(
        price=Decimal(case["price"]),
        period_start=day(case["period_start"]),
        period_end=day(case["period_end"]),
        active_from=day(case.get("active_from")),
        active_to=day(case.get("active_to")),
        currency=currency_of(case),
    )
    return {
        "active_days": result.active_days,
        "period_days": result.period_days,
        "amount": text(result.amount),
    }


@adapter
def plan_change(case: Case) -> Case:
    result = contracts.plan_change(
        old_price=Decimal(case["old_price"]),
        new_price=Decimal(case["new_price"]),
        period_start=day(case["period_start"]),
        period_end=day(case["period_end"]),
        change_on=day(case["change_on"]),
        currency=currency_of(case),
    )
    return {
        "remaining_days": result.remaining_days,
        "credit": text(result.credit),
        "charge": text(result.charge),
        "net": text(result.net),
    }


@adapter
def tiered_usage(case: Case) -> Case:
    tiers = [
        contracts.Tier(number(tier.get("up_to"), None), Decimal(tier["price"])) for tier in case["tiers"]
    ]
    result = contracts.tiered_usage(Decimal(case["qty"]), tiers, currency_of(case))
    return {"tier_amounts": [text(part) for part in result.tier_amounts], "amount": text(result.amount)}


def dated_rates(rates: list[Case]) -> list[tuple[date, Decimal]]:
    return [(day(entry["from"]), Decimal(entry["rate"])) for entry in rates]


@adapter
def late_interest(case: Case) -> Case:
    result = interest.late_interest(
        principal=Decimal(case["principal"]),
        due=day(case["due"]),
        until=day(case["until"]),
        reference_rates=dated_rates(case["reference_rates"]),
        currency=currency_of(case),
        margin=number(case.get("margin"), "8"),
        rate_mode=case.get("rate_mode") or "floating",
        basis=int(case.get("basis") or 365),
        compensation=case.get("compensation"),
        payments=[(day(part["on"]), Decimal(part["amount"])) for part in case.get("payments") or ()],
    )
    return {
        "days_late": result.days_late,
        "interest": text(result.interest),
        "compensation": text(result.compensation),
        "total": text(result.total),
    }


@adapter
def msmed_interest(case: Case) -> Case:
    result = interest.msmed_interest(
        principal=Decimal(case["principal"]),
        due=day(case["due"]),
        until=day(case["until"]),
        bank_rates=dated_rates(case["bank_rates"]),
    )
    return {
        "full_months": result.full_months,
        "stub_days": result.stub_days,
        "interest": text(result.interest),
    }


@adapter
def early_discount(case: Case) -> Case:
    result = payments.early_discount(
        gross=Decimal(case["gross"]),
        tax=number(case.get("tax")),
        pct=Decimal(case["pct"]),
        days=case["days"],
        invoice_date=day(case["invoice_date"]),
        paid_on=day(case["paid_on"]),
        payment=Decimal(case["payment"]),
        currency=currency_of(case),
    )
    return {
        "eligible": result.eligible,
        "discount": text(result.discount),
        "discount_net": text(result.discount_net),
        "discount_tax": text(result.discount_tax),
        "open_after": text(result.open_after),
        "unapplied": text(result.unapplied),
    }


@adapter
def tolerance(case: Case) -> Case:
    result = payments.tolerance(
        open_amount=Decimal(case["open"]),
        payment=Decimal(case["payment"]),
        absolute=number(case.get("abs"), None),
        pct=number(case.get("pct"), None),
        absorb_over=bool(case.get("absorb_over")),
        currency=currency_of(case),
    )
    return {"limit": text(result.limit), "difference": text(result.difference), "action": result.action}


@adapter
def apply_oldest(case: Case) -> Case:
    items = [
        payments.OpenItem(
            id=item["id"],
            issued_on=day(item["issued"]),
            due_on=day(item["due"]),
            open_amount=Decimal(item["open"]),
            disputed=bool(item.get("disputed")),
        )
        for item in case["items"]
    ]
    result = payments.apply_oldest(
        Decimal(case["payment"]), items, include_disputed=bool(case.get("include_disputed"))
    )
    return {
        "allocations": [{"id": part.id, "amount": text(part.amount)} for part in result.allocations],
        "unapplied": text(result.unapplied),
    }


@adapter
def write_off(case: Case) -> Case:
    result = ledger.write_off_split(
        open_amount=Decimal(case["open"]),
        gross=Decimal(case["gross"]),
        tax=number(case.get("tax")),
        tax_relief=bool(case.get("tax_relief")),
        currency=currency_of(case),
    )
    return {
        "dr_bad_debt": text(result.bad_debt),
        "dr_output_tax": text(result.output_tax),
        "cr_receivable": text(result.receivable),
    }


@adapter
def gstin(case: Case) -> Case:
    result = entities.gstin(case["gstin"])
    if not result.valid:
        return {"valid": False, "reason": result.reason}
    return {"valid": True, "state": result.state, "pan": result.pan}


@adapter
def tax_treatment(case: Case) -> Case:
    result = catalogue.tax_treatment(
        kind=case["kind"],
        seller=case["seller"],
        buyer=case["buyer"],
        buyer_business=bool(case.get("buyer_business")),
        buyer_vat_valid=bool(case.get("buyer_vat_valid")),
    )
    return {
        "category": result.category,
        "tax_country": result.tax_country,
        "vatex": result.vatex,
        "note": result.note,
    }


@adapter
def invoice_number(case: Case) -> Case:
    result = entities.invoice_number(case["scheme"], case["number"], case.get("existing_same_fy") or ())
    return {"valid": result.valid, "reason": result.reason}


@adapter
def india_fy(case: Case) -> Case:
    result = entities.india_fy(day(case["date"]))
    return {
        "financial_year": result.financial_year,
        "credit_note_cutoff": result.credit_note_cutoff.isoformat(),
    }


@adapter
def number_gaps(case: Case) -> Case:
    result = audits.number_gaps(
        case["numbers"], start=case.get("start"), explained=case.get("explained") or ()
    )
    return {"missing": list(result.missing), "duplicates": list(result.duplicates)}


@adapter
def promise(case: Case) -> Case:
    result = cases.judge_promise(
        promised_on=day(case["promised_on"]),
        made_on=day(case["made_on"]),
        amount=Decimal(case["amount"]),
        payments=[(day(part["on"]), Decimal(part["amount"])) for part in case.get("payments") or ()],
        as_of=day(case["as_of"]),
        calendar=given(case),
        currency=currency_of(case),
        grace_business_days=case.get("grace_bd") or 0,
    )
    return {
        "evaluate_after": result.evaluate_after.isoformat(),
        "received": text(result.received),
        "status": result.status,
    }


@adapter
def ageing(case: Case) -> Case:
    items = [
        ledger.AgedItem(
            issued_on=day(item["issued"]),
            due_on=day(item["due"]),
            amount=Decimal(item["amount"]),
            allocations=[
                (day(part["on"]), Decimal(part["amount"])) for part in item.get("allocations") or ()
            ],
        )
        for item in case["items"]
    ]
    result = ledger.ageing(items, day(case["as_of"]), currency_of(case))
    return {
        **{name: text(value) for name, value in result.buckets.items()},
        "credits": text(result.credits),
        "overdue_pct": text(result.overdue_pct),
        "net": text(result.net),
    }


@adapter
def approver(case: Case) -> Case:
    result = work.approver(
        amount=Decimal(case["amount_functional"]),
        auto_limit=number(case.get("auto_limit"), None),
        creator=case.get("creator"),
        levels=[work.Level(level["role"], number(level.get("limit"), None)) for level in case["levels"]],
        users=[(user["id"], user["role"]) for user in case["users"]],
    )
    return {"needs": result.needs, "eligible": list(result.eligible)}


@adapter
def assign(case: Case) -> Case:
    workers = [
        work.Worker(
            id=user["id"],
            skills=user.get("skills") or {},
            load=number(user.get("load")),
            capacity=number(user.get("capacity")),
            last_assigned=datetime.fromisoformat(user["last_assigned"])
            if user.get("last_assigned")
            else None,
            absent=bool(user.get("absent")),
        )
        for user in case["users"]
    ]
    result = work.assign(case["needs"], number(case.get("effort")), workers)
    found = {"assignee": result.assignee}
    return found if result.queue is None else found | {"queue": result.queue}


@adapter
def benford(case: Case) -> Case:
    result = audits.benford([Decimal(value) for value in case["amounts"]])
    return {"n": result.n, "verdict": result.verdict, "mad": text(result.mad)}


@adapter
def sla_deadline(case: Case) -> Case:
    deadline = clocks.sla_deadline(
        start=datetime.fromisoformat(case["start"]),
        minutes=case["minutes"],
        opens=time.fromisoformat(case["open"]),
        closes=time.fromisoformat(case["close"]),
        calendar=given(case),
        pauses=[
            (datetime.fromisoformat(begin), datetime.fromisoformat(end))
            for begin, end in case.get("pauses") or ()
        ],
    )
    return {"deadline": deadline.isoformat(timespec="minutes")}


@adapter
def dso(case: Case) -> Case:
    receivables = Decimal(case["ar"])
    if case["method"] == "simple":
        return {"dso": text(metrics.dso_simple(receivables, Decimal(case["sales"]), case["days"]).dso)}
    months = [
        metrics.MonthSales(date.fromisoformat(entry["month"] + "-01"), Decimal(entry["sales"]))
        for entry in case["months"]
    ]
    if case["method"] == "rolling3":
        result = metrics.dso_rolling(receivables, months)
        return {"dso": text(result.dso), "days": result.days}
    result = metrics.dso_count_back(receivables, months)
    return {"dso": text(result.dso), "truncated": result.truncated}


@adapter
def dso_family(case: Case) -> Case:
    result = metrics.dso_family(
        Decimal(case["ar"]), Decimal(case["current_ar"]), Decimal(case["sales"]), case["days"]
    )
    return {
        "dso": text(result.dso),
        "best_possible_dso": text(result.best_possible_dso),
        "average_days_delinquent": text(result.average_days_delinquent),
    }


@adapter
def cei(case: Case) -> Case:
    names = ("beginning_ar", "credit_sales", "ending_ar", "ending_current_ar")
    return {"cei": text(metrics.cei(*(Decimal(case[name]) for name in names)))}


@adapter
def nps(case: Case) -> Case:
    return {"nps": text(feedback.nps(case["scores"]))}


@adapter
def csat(case: Case) -> Case:
    return {"csat": text(feedback.csat(case["scores"]))}


@adapter
def on_time(case: Case) -> Case:
    due = [
        metrics.DueInvoice(day(entry["due"]), Decimal(entry["amount"]), day(entry.get("paid_in_full_on")))
        for entry in case["invoices"]
    ]
    result = metrics.on_time(due, day(case["from"]), day(case["to"]))
    return {
        "fell_due": result.fell_due,
        "on_time": result.on_time,
        "rate_count": text(result.rate_count),
        "rate_value": text(result.rate_value),
    }


@adapter
def error_rate(case: Case) -> Case:
    result = metrics.error_rate(case["issued"], case["errored_invoice_ids"])
    return {"error_rate": text(result.error_rate), "first_pass_accuracy": text(result.first_pass_accuracy)}


@adapter
def cash_forecast(case: Case) -> Case:
    result = metrics.cash_forecast(
        due=day(case["due"]),
        history=case.get("days_late_history") or [],
        segment=case.get("segment_days_late") or [],
        as_of=day(case["as_of"]),
        calendar=given(case),
        promise=day(case.get("promise")),
        disputed=bool(case.get("disputed")),
    )
    return {
        "basis": result.basis,
        "expected_on": None if result.expected_on is None else result.expected_on.isoformat(),
    }


@adapter
def reminders_(case: Case) -> Case:
    sent = reminders.reminder_days(
        due=day(case["due"]),
        steps=case["steps"],
        calendar=given(case),
        stop=case.get("stop"),
        issued=day(case.get("issued")),
        paid_on=day(case.get("paid_on")),
        paused_until=day(case.get("paused_until")),
        min_gap=case.get("min_gap") or 0,
    )
    return {"send": [{"step": part.step, "on": part.on.isoformat()} for part in sent]}


ADAPTERS["reminders"] = ADAPTERS.pop("reminders_")

# Kinds that have no rule yet: their cases are skipped and listed; any other kind must have an adapter.
NOT_YET: dict[str, str] = {}
