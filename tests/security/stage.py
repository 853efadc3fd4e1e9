"""Real objects behind every address: one of each kind of a company, and where each address finds its own.

A new address with arguments gets its line in `ARGUMENTS` here, or test_matrix.py fails and says so.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import URLPattern, URLResolver, get_resolver

from catalogue.models import TaxRate
from core.permissions import Mark, mark_of
from correspondence import links
from correspondence import operations as correspondence
from correspondence.models import Template
from customers import operations as customers
from entities import operations as entities
from entities.models import Entity
from invoices import operations as invoices
from payments import operations as payments
from policies import operations as policies
from team import operations as team
from team.models import SavedView, User
from team.roles import ROLES
from tests.correspondence.letters import values_of
from tests.factories import make_user
from tests.world import NOW, TODAY, World, make_world
from work import jobs

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
    company.objects |= _mail(company)
    company.objects |= _people(company)
    return company


def _invoices(world: World) -> dict[str, Any]:
    issued = world.issued("1000.00")
    return {
        "draft": invoices.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW),
        "issued": issued,
        "hold": invoices.hold(issued, Decimal("5.00"), reason="Wrong address", actor=world.lead, now=NOW),
    }


def _money(world: World) -> dict[str, Any]:
    paid = world.issued("50.00")
    payment = world.pay(paid, "40.00")
    loose = world.received("90.00")
    written_off = world.issued("300.00")
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
    }


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
        "message": message,
        "delivery": message.deliveries.get(),
        "attachment": message.attachments.create(
            filename="invoice.pdf", media_type="application/pdf", stored_name=stored, sha256="0" * 64
        ),
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
        "view": SavedView.objects.create(user=bystander, page="invoices", name="Mine", query="status=open"),
        "job": jobs.ask("invoices", title="Issue 2", arguments={}, total=2, actor=bystander, now=NOW),
    }


# ---------------------------------------------------------------------------------------- addresses

Find = Callable[[Company], dict[str, Any]]


def _pk(name: str) -> Find:
    return lambda company: {"pk": getattr(company, name).pk}


def _version(company: Company) -> dict[str, Any]:
    return {"code": company.policy.code, "number": company.version.number}


def _code(company: Company) -> dict[str, Any]:
    return {"code": company.policy.code}


def _link(company: Company) -> dict[str, Any]:
    return {"kind": "invoice", "pk": company.issued.pk}


# (namespace, names of addresses, whose the object is, how to find it in a company)
_TABLE: tuple[tuple[str, str, str, Find], ...] = (
    ("portal", "draft", COMPANY, _pk("draft")),
    ("portal", "invoice pdf calendar logo", SHARED, lambda c: {"token": c.token}),
    ("payments", "detail allocate bounce identify", COMPANY, _pk("payment")),
    ("payments", "undo", COMPANY, _pk("allocation")),
    ("payments", "credit_use refund_request", COMPANY, _pk("credit")),
    ("payments", "refund_detail refund_approve refund_reject", COMPANY, _pk("refund")),
    ("payments", "write_off_request small_difference", COMPANY, _pk("part_paid")),
    (
        "payments",
        "write_off_detail write_off_approve write_off_reject write_off_recover",
        COMPANY,
        _pk("write_off"),
    ),
    ("payments", "account account_summary statement", COMPANY, _pk("customer")),
    ("invoices", "edit submit withdraw approve reject issue discard", COMPANY, _pk("draft")),
    (
        "invoices",
        "detail send copy rebill credit hold annotate pdf paper mail",
        COMPANY,
        _pk("issued"),
    ),
    ("invoices", "release", COMPANY, lambda c: {"pk": c.issued.pk, "hold_pk": c.hold.pk}),
    ("invoices", "delete_view", PERSONAL, _pk("view")),
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
    ("correspondence", "links look", COMPANY, _link),
    ("correspondence", "revoke", COMPANY, lambda c: _link(c) | {"link_pk": c.link.pk}),
    ("correspondence", "text_preview", PERSONAL, lambda c: {"key": "0" * 32}),
    ("correspondence", "activate", SHARED, _pk("template")),
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
    ("integrations", "columns begin", PERSONAL, lambda c: {"token": "0" * 32}),
    ("work", "job cancel failures", PERSONAL, _pk("job")),
    (
        "entities",
        "detail edit add_registration add_series request_bank set_logo logo",
        COMPANY,
        _pk("entity"),
    ),
    ("entities", "end_registration", COMPANY, lambda c: {"pk": c.entity.pk, "row": c.registration.pk}),
    ("entities", "decide_bank", COMPANY, lambda c: {"pk": c.entity.pk, "change": c.bank_change.pk}),
    ("team", "detail set_roles deactivate reactivate reset_second_factor", SHARED, _pk("person")),
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
