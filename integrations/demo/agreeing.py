"""Contracts of the demo company: agreed at its start, billed in a run each month, and lived with."""

import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from contracts import operations as contracts
from contracts.inputs import ContractInput, ItemInput
from contracts.models import BillRun, Contract
from contracts.operations import NothingDue, Used
from core.dates import add_months
from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day
from integrations.demo.ground import Company
from integrations.demo.year import Year
from invoices.models import Invoice
from team.models import User

# What a unit of the price below is in the company's currency.
_LEVEL = {"NWE": Decimal(1), "NWI": Decimal(60), "NWU": Decimal(1)}
_AGREED = {"NWE": 10, "NWI": 5, "NWU": 5}
_HOME = {"NWE": "IE", "NWI": "IN", "NWU": "US"}
_EVENTS = 4


@dataclass(frozen=True)
class Deal:
    """Its items as (what, code, kind, price, quantity), its rhythm, and what happens to it."""

    name: str
    items: tuple[tuple[str, str, str, str, int], ...]
    every: int = 1
    timing: str = "advance"
    fate: str = ""


_DEALS = (
    Deal("Metering platform", (("Platform licence", "platform", "fixed", "180", 1),), fate="plan"),
    Deal(
        "Meter readings",
        (("Remote access", "access", "fixed", "45", 2), ("Readings", "readings", "usage", "0.04", 1)),
        fate="late",
    ),
    Deal("Site monitoring", (("Monitoring of one site", "site", "fixed", "95", 3),), fate="rest"),
    Deal("Maintenance", (("Yearly maintenance", "care", "fixed", "640", 1),), every=3, timing="arrears"),
    Deal("Support line", (("Support", "support", "fixed", "260", 1),), every=3, fate="end"),
    Deal("Data archive", (("Archive", "archive", "fixed", "75", 1),), every=3),
    Deal("Grid reports", (("Report", "report", "fixed", "120", 1),), every=3, timing="arrears"),
    Deal("Energy advice", (("Advice by the month", "advice", "fixed", "310", 1),), every=3, fate="step"),
    Deal("Alarm service", (("Alarm desk", "alarm", "fixed", "150", 1),), every=6),
    Deal(
        "Software care",
        (("Care", "care", "fixed", "420", 1), ("Set-up", "setup", "one_off", "500", 1)),
        every=6,
    ),
)
_PLANS = ((Decimal(10000), Decimal("0.04")), (None, Decimal("0.025")))


def agree(year: Year, scale: float) -> None:
    """Put the contracts of these companies, and a bill run for each month, on the agenda of the year."""
    for code in year.codes:
        entity = year.company.entities[code]
        parties = [
            customer
            for party, customer in year.company.customers.values()
            if party.entity == code
            and party.country == _HOME[code]
            and party.kind == "business"
            and not party.po_pattern
            and party.payer != "dead"
        ]
        count = min(max(3, round(_AGREED[code] * scale)), len(_DEALS))
        if not parties:
            continue
        living = _Living(year, entity, random.Random(f"contracts {code}"))  # noqa: S311 (a demo's figures)
        for number, deal in enumerate(_DEALS[:count]):
            living.agree(deal, parties[number % len(parties)])
        first = add_months(year.start, 1)
        while first < year.today.replace(day=1):
            living.bill(first)
            first = add_months(first, 1)


def leave_run(company: Company, now: datetime) -> None:
    """This month's run of the first company waits for its second person."""
    entity = company.entities["NWE"]
    # A company without contracts has none.
    with suppress(NothingDue):
        contracts.plan_run(entity, as_of=local_day(entity, now), actor=company.biller(entity), now=now)


def repeat(company: Company, now: datetime) -> None:
    """Two invoices come again: one each quarter from next month, one waits to be approved."""
    entity = company.entities["NWE"]
    biller, today = company.biller(entity), local_day(entity, now)
    rows = Invoice.objects.filter(
        entity=entity, document_type="invoice", document_status="issued", prepaid=0, customer__kind="business"
    )
    plain = rows.filter(contract_bills=None).exclude(lines__net__lt=0).order_by("-issued_on", "-pk")
    for number, invoice in enumerate(plain[:2]):
        contract = contracts.repeat_invoice(
            invoice,
            starts_on=add_months(today.replace(day=1), 1),
            every_months=(3, 1)[number],
            actor=biller,
            now=now,
        )
        contract = contracts.submit_contract(contract, actor=biller, now=now)
        if number == 0:
            contracts.approve_contract(contract, actor=company.role("controller"), now=now)


class _Living:
    """What happens to the contracts of one company, day by day, on the agenda of its year."""

    def __init__(self, year: Year, entity: Entity, chance: random.Random) -> None:
        self.year, self.entity, self.chance = year, entity, chance
        self.biller: User = year.company.biller(entity)
        self.controller: User = year.company.role("controller")
        self.made: dict[str, Contract] = {}

    def agree(self, deal: Deal, customer: Customer) -> None:
        start = self.year.start
        level = _LEVEL[self.entity.code]
        # Says the tax, and in India the code of the service.
        listed = next(
            item
            for good, item in self.year.company.goods.values()
            if good.kind == "service" and good.tax_class == "standard"
        )

        def act(now: datetime) -> None:
            items = tuple(
                ItemInput(
                    what,
                    Decimal(price) * level,
                    code=code,
                    kind=kind,
                    item=listed,
                    unit="kWh" if kind == "usage" else "unit",
                    quantity=Decimal(quantity),
                    pricing="graduated" if kind == "usage" else "flat",
                    tiers=tuple((up_to, one * level) for up_to, one in _PLANS) if kind == "usage" else (),
                )
                for what, code, kind, price, quantity in deal.items
            )
            steps = ((add_months(start, 6), Decimal("3.5")),) if deal.fate == "step" else ()
            given = ContractInput(
                self.entity,
                customer,
                deal.name,
                start,
                items,
                currency=self.entity.functional_currency,
                every_months=deal.every,
                timing=deal.timing,
                steps=steps,
            )
            contract = contracts.write_contract(given, actor=self.biller, now=now)
            contract = contracts.submit_contract(contract, actor=self.biller, now=now)
            self.made[deal.name] = contracts.approve_contract(contract, actor=self.controller, now=now)

        self.year.at(start, act)
        self._later(deal, start)

    def _later(self, deal: Deal, start: date) -> None:
        """What the year brings: another plan, days of rest, an end before what was paid is used up."""
        middle = add_months(start, 5) + timedelta(days=14)

        def change(now: datetime) -> None:
            item = self.made[deal.name].items.get()
            larger = ItemInput("Platform licence, large", item.price * 2, item=item.item, unit=item.unit)
            contracts.change_plan(item, larger, on=middle, actor=self.biller, now=now)

        def rest(now: datetime) -> None:
            contracts.suspend_contract(
                self.made[deal.name],
                starts_on=self.year.today - timedelta(days=40),
                ends_on=None,
                reason="The site is rebuilt",
                actor=self.biller,
                now=now,
            )

        def end(now: datetime) -> None:
            contracts.end_contract(
                self.made[deal.name],
                ends_on=self.year.today - timedelta(days=45),
                reason="Bought by a company with a desk of its own",
                actor=self.biller,
                now=now,
            )

        acts = {"plan": (middle, change), "rest": (self.year.today - timedelta(days=35), rest),
                "end": (self.year.today - timedelta(days=20), end)}  # fmt: skip
        if deal.fate in acts:
            self.year.at(*acts[deal.fate])

    def bill(self, first: date) -> None:
        """A run on the first working day of a month, after the readings of the month before came in."""

        def act(now: datetime) -> None:
            self._read(add_months(first, -1), now)
            try:
                run = contracts.plan_run(
                    self.entity, as_of=local_day(self.entity, now), actor=self.biller, now=now
                )
            except NothingDue:
                return
            run = contracts.approve_run(run, actor=self.controller, now=now)
            contracts.do_run(run.job_id or 0, now=now, documents=False)
            self.year.expect(_invoices(run), self.chance)

        self.year.at(first, act)

    def _read(self, month: date, now: datetime) -> None:
        """Readings of a month, the last of which are those of the month before: they came late."""
        contract = self.made.get("Meter readings")
        if contract is None:
            return
        rows = [
            Used(
                contract,
                "readings",
                f"{day:%Y%m%d}-{n}",
                _noon(day, now),
                Decimal(self.chance.randint(900, 4200)),
            )
            for n, day in enumerate(month + timedelta(days=3 + 7 * n) for n in range(_EVENTS))
        ]
        before = add_months(month, -1)
        if before > contract.starts_on:
            late = before + timedelta(days=26)
            rows.append(Used(contract, "readings", f"{late:%Y%m%d}-late", _noon(late, now), Decimal(350)))
        contracts.record_usage(rows, actor=self.biller, now=now)


def _noon(day: date, now: datetime) -> datetime:
    return now.replace(year=day.year, month=day.month, day=day.day, hour=9)


def _invoices(run: BillRun) -> list[Invoice]:
    rows = Invoice.objects.filter(contract_bills__run=run).distinct().select_related("customer", "entity")
    return list(rows.select_related("policy_version").order_by("pk"))
