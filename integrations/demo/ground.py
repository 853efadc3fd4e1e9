"""Setting up the demo company: people, selling companies, policies, price list, customers."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password

from catalogue import operations as catalogue
from catalogue.models import Item, TaxRate
from catalogue.reference import tax_rates
from correspondence.operations import install_texts
from customers import operations as customers
from customers.models import Customer, Segment
from entities import operations as entities
from entities.models import Entity
from integrations.demo import tables
from integrations.demo.tables import Good, Party
from policies import operations as policies
from policies.models import Policy
from team import operations as team
from team.models import User

_EVERYBODY_READ = ("specialist", "lead", "controller")


@dataclass
class Company:
    """Everything that was set up, by its code or name."""

    people: dict[str, User] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    goods: dict[str, tuple[Good, Item]] = field(default_factory=dict)
    customers: dict[str, tuple[Party, Customer]] = field(default_factory=dict)

    def biller(self, entity: Entity) -> User:
        """The specialist who writes the company's invoices."""
        names = {"NWE": "Maria Keane", "NWI": "Sneha Pillai", "NWU": "Joel Hartman"}
        return self.people[names[entity.code]]

    def role(self, code: str) -> User:
        """The first person with the role."""
        return self.people[code]


def set_up(start: date, now: Callable[[date], datetime], say: Callable[[str], None]) -> Company:
    """Make the company as it stood on `start`; `now` gives the instant of a day."""
    made = Company()
    opened = now(start - timedelta(days=60))
    _people(made, opened)
    _entities(made, start, opened)
    _policies(made, opened)
    _price_list(made, opened)
    install_texts(now=opened)
    say(f"{len(made.people)} people, {len(made.entities)} companies, {len(made.goods)} items")
    for party in tables.parties():
        _customer(made, party, start, now(start - timedelta(days=20)))
    say(f"{len(made.customers)} customers")
    return made


def _people(made: Company, now: datetime) -> None:
    hashed = make_password(tables.PASSWORD)
    for row in tables.people():
        person = team.add_person(
            email=row["email"],
            name=row["name"],
            roles=[row["role"]],
            password=tables.PASSWORD,
            hashed=hashed,
            time_zone=row["time_zone"],
            actor=None,
            now=now,
        )
        made.people[row["name"]] = person
        made.people.setdefault(row["role"], person)
    for kind, limits in _RUPEE_LIMITS.items():
        for role, limit in limits.items():
            team.set_limit(
                kind=kind,
                role=role,
                limit=None if limit is None else Decimal(limit),
                currency="INR",
                actor=made.role("administrator"),
                now=now,
            )


# The general limits are in euros and dollars; a rupee is worth about a hundredth.
_RUPEE_LIMITS: dict[str, dict[str, int | None]] = {
    "standard_invoice": {"specialist": 2_500_000, "lead": 10_000_000, "controller": None},
    "manual_invoice": {"specialist": 50_000, "lead": 500_000, "controller": 5_000_000, "director": None},
    "credit_note": {"specialist": 50_000, "lead": 500_000, "controller": 5_000_000, "director": None},
}


def _entities(made: Company, start: date, now: datetime) -> None:
    controller, lead = made.role("controller"), made.role("lead")
    for row in tables.ENTITIES:
        entity = entities.add_entity(actor=made.role("administrator"), now=now, is_demo=True, **row)
        made.entities[entity.code] = entity
    for code, scheme, country, state, number in tables.REGISTRATIONS:
        entities.add_registration(
            made.entities[code],
            scheme=scheme,
            country=country,
            number=number,
            state_code=state,
            valid_from=date(2020, 1, 1),
            actor=controller,
            now=now,
        )
    # The collectors of the Indian company sit in Dublin: what they answer waits for Irish holidays.
    entities.set_team_hours(
        made.entities["NWI"],
        team="collector",
        time_zone="Europe/Dublin",
        holiday_region="IE",
        opens=time(9),
        closes=time(17, 30),
        actor=made.role("administrator"),
        now=now,
    )
    for code, currency, bank, details in tables.ACCOUNTS:
        entity = made.entities[code]
        proposed = {"holder": entity.legal_name, "bank_name": bank, **details}
        change = entities.request_bank_change(
            entity, currency=currency, proposed=proposed, reason="First account", actor=controller, now=now
        )
        entities.apply_bank_change(change, checked_with="Branch manager, by phone", actor=lead, now=now)
    _rates(start, controller, now)


def _rates(start: date, actor: User, now: datetime) -> None:
    """A rate a month, each a little off the one before."""
    chance = random.Random(f"rates {start}")  # noqa: S311 (a demo's figures)
    for currency, functional, middle in tables.RATES:
        rate = Decimal(middle)
        for month in range(14):
            on = (start - timedelta(days=31) + timedelta(days=31 * month)).replace(day=1)
            rate += rate * Decimal(chance.randint(-12, 12)) / 1000
            entities.enter_rate(
                currency=currency,
                functional=functional,
                on=on,
                rate=rate.quantize(Decimal("0.000001")),
                source="Demo rates",
                actor=actor,
                now=now,
            )


def _policies(made: Company, now: datetime) -> None:
    author, approver = made.role("controller"), made.role("director")
    for row in tables.POLICIES:
        policy = policies.create_policy(
            code=row.code,
            name=row.name,
            owner=author,
            clauses=row.clauses,
            actor=author,
            now=now,
            default_for=made.entities.get(row.default_for),
        )
        version = policy.versions.get()
        policies.submit_version(version, actor=author, now=now)
        policies.approve_version(version, actor=approver, now=now)
        version = policies.publish_version(version, actor=author, now=now)
        made.policies[row.code] = policy
        for role in _EVERYBODY_READ:
            policies.acknowledge_version(version, actor=made.role(role), now=now + timedelta(days=2))


def _price_list(made: Company, now: datetime) -> None:
    lead, valid_from = made.role("lead"), now.date()
    catalogue.load_tax_rates(tax_rates(), actor=None, now=now)
    for state in TaxRate.objects.filter(country="US", state_code__in=tables.NEXUS):
        catalogue.set_nexus(state, nexus_from=valid_from, actor=made.role("controller"), now=now)
    for good in tables.goods():
        item = catalogue.add_item(
            code=good.code,
            name=good.name,
            detail=good.detail,
            kind=good.kind,
            unit=good.unit,
            tax_class=good.tax_class,
            hsn=good.hsn,
            allows_negative=good.basket == "none",
            actor=lead,
            now=now,
        )
        for currency, price in good.prices.items():
            catalogue.set_price(
                item, currency=currency, unit_price=price, valid_from=valid_from, actor=lead, now=now
            )
        made.goods[good.code] = (good, item)


def _customer(made: Company, party: Party, start: date, now: datetime) -> None:
    entity = made.entities[party.entity]
    biller = made.biller(entity)
    if party.segment not in made.segments:
        made.segments[party.segment] = customers.add_segment(name=party.segment, actor=biller, now=now)
    projects = party.basket == "project" and party.entity == "NWU"
    customer = customers.add_customer(
        entity=entity,
        name=party.name,
        legal_name=party.legal_name,
        kind=party.kind,
        segment=made.segments[party.segment],
        country=party.country,
        state_code=party.state,
        language=party.language,
        currency=party.currency,
        owner=made.role("collector"),
        is_sez="Special Economic Zone" in party.street,
        payment_policy=made.policies["projects-instalments"] if projects else None,
        credit_limit=Decimal(party.size * (500_000 if party.entity == "NWI" else 20_000)),
        since=start - timedelta(days=200 * party.size),
        actor=biller,
        now=now,
    )
    made.customers[party.name] = (party, customer)
    customers.set_address(
        customer,
        lines=[party.street],
        city=party.city,
        country=party.country,
        postal_code=party.postal_code,
        state_code=party.state,
        actor=biller,
        now=now,
    )
    _contacts(customer, party, biller, now)
    if party.tax_scheme:
        tax_id = customers.set_tax_id(
            customer, scheme=party.tax_scheme, number=party.tax_number, actor=biller, now=now
        )
        customers.verify_tax_id(tax_id, register="Demo register, not asked", actor=biller, now=now)
    _requirements(customer, party, start, biller, now)


def _contacts(customer: Customer, party: Party, actor: User, now: datetime) -> None:
    customers.add_contact(
        customer,
        name=party.contact,
        email=party.mailbox,
        phone=party.phone,
        role="Accounts payable",
        purposes=["billing", "reminders", "statements"],
        actor=actor,
        now=now,
    )
    if party.size >= 3:
        customers.add_contact(
            customer,
            name="Head of finance",
            email=party.mailbox.replace("accounts@", "finance@"),
            role="Finance",
            purposes=["escalation"],
            actor=actor,
            now=now,
        )


def _requirements(customer: Customer, party: Party, start: date, actor: User, now: datetime) -> None:
    """What the customer's letters ask for; the person who bills them has seen it."""
    wanted: list[tuple[str, str, dict[str, Any]]] = []
    if party.po_pattern:
        wanted.append(("po_required", "block", {"pattern": party.po_pattern}))
    if party.country == "DE" and party.kind == "public":
        wanted.append(("buyer_reference", "block", {"value": LEITWEG, "format": "leitweg"}))
    if party.basket == "supply" and party.size >= 4:
        wanted.append(("cut_off_day", "info", {"day": 25}))
    if party.language == "fr":
        wanted.append(("language", "warn", {"language": "fr"}))
    for kind, severity, parameters in wanted:
        requirement = customers.add_requirement(
            kind=kind,
            severity=severity,
            parameters=parameters,
            customer=customer,
            source="Purchasing conditions of the customer",
            valid_from=start - timedelta(days=30),
            actor=actor,
            now=now,
        )
        customers.acknowledge_requirement(
            requirement, customer=customer, revision=requirement.revision, actor=actor, now=now
        )


LEITWEG = "03158-10042-12"
