"""T33, T34: every address x method x person, with real objects of the own and of another company.

What must come out follows from the mark of the view and from whose the object is; nothing is listed by hand
but where an address finds its object (`stage.ARGUMENTS`) and rights asked only when writing (`ALSO_ASKED`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from core.permissions import SIGNED_IN
from entities.models import Access
from team.models import User
from team.roles import ROLES
from tests.factories import make_user
from tests.security.stage import ARGUMENTS, COMPANY, PERSONAL, Company, Route, everybody, make_company, routes
from tests.world import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(1800)]

METHODS = ("GET", "POST")
# The page may be read with the right of its mark; writing asks for one more.
ALSO_ASKED = {
    ("entities:rates", "POST"): "entities.manage_entities",
    ("team:limits", "POST"): "team.manage_people",
    ("catalogue:taxes", "POST"): "catalogue.edit_item",
    ("notices:watch", "GET"): "invoices.view_invoice",
    ("notices:watch", "POST"): "invoices.view_invoice",
    ("charges:rates", "POST"): "charges.manage_rates",
    ("closing:revaluation", "POST"): "ledger.close_period",
}
# Addresses that name their object in the query or the form instead of the path.
SENT: dict[str, Callable[[Company], dict[str, Any]]] = {
    "team:add_key": lambda company: {"account": company.person.pk},
    "notices:add_rule": lambda _company: {"fact": "invoice.issued"},
    "invoices:autosave": lambda company: {"customer": company.customer.pk},
    "invoices:acknowledge": lambda company: {
        "customer": company.customer.pk,
        "requirement": company.requirement.pk,
        "entity": company.entity.pk,
        "revision": company.requirement.revision,
    },
}
# Of these, what the object's company decides about.
SENT_OF_COMPANY = {"invoices:autosave", "invoices:acknowledge"}
# Nothing is stored there in this company (no logo), or no secret opens it (the door for mail): 404 for
# everybody is right.
MAY_BE_MISSING = {
    "portal:logo",
    "entities:logo",
    "conversations:door",
    "correspondence:reports",
    # Not offered, not sent or not of this contact; and no address waits to be confirmed.
    "portal:my_accept",
    "portal:answer",
    "portal:dispute",
    "portal:dispute_answer",
    "portal:dispute_unsolved",
    "portal:dispute_withdraw",
    "portal:my_answer",
    "portal:my_statement",
    "portal:confirm",
    "portal:confirm_now",
}
# What a view may answer to somebody who is allowed: the page, a redirect, or a refusal in words.
ANSWERED = {200, 204, 302, 400, 409, 422}


@dataclass
class Person:
    """Who asks: signed in or not, with which rights, and which company's objects they see."""

    name: str
    user: User | None = None
    sees_own: bool = True
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def has(self, names: str) -> bool:
        assert self.user is not None
        return SIGNED_IN in names.split("|") or any(map(self.user.has_perm, names.split("|")))


@pytest.fixture
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def company(clock, db) -> Company:
    return make_company(legal_name="Kestrel Hidden Holdings GmbH")


@pytest.fixture
def people(company) -> list[Person]:
    """Nobody, each role, no role, and every role at once inside and outside the company."""
    inside, outside = everybody(), everybody()
    Access.objects.create(user=inside, entity=company.entity)
    Access.objects.create(user=outside, entity=make_company().entity)
    everyone = [
        Person("anonymous"),
        Person("no role", make_user()),
        *(Person(role.code, make_user(role.code)) for role in ROLES),
        Person("restricted to this company", inside),
        Person("restricted to another company", outside, sees_own=False),
    ]
    for person in everyone:
        if person.user:
            person.client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")
    return everyone


def known_routes() -> list[Route]:
    """Addresses the matrix can ask: without arguments, or with a line in ARGUMENTS."""
    return [route for route in routes() if route.name and (not route.arguments or route.name in ARGUMENTS)]


def path_of(route: Route, company: Company) -> str:
    found = ARGUMENTS[route.name][1](company) if route.arguments else {}
    return reverse(route.name, kwargs=found)


def ask(client: Client, method: str, path: str, sent: dict[str, Any] | None = None) -> Any:
    """The answer; whatever it wrote is undone. `sent` goes into the query and, by POST, into the form."""
    form = urlencode(sent or {})
    with transaction.atomic():
        answer = client.generic(
            method,
            f"{path}?{form}" if form else path,
            form if method == "POST" else "",
            content_type="application/x-www-form-urlencoded",
        )
        if answer.streaming:  # read to its end; close() would close the test's connection as well
            answer.getvalue()
        transaction.set_rollback(True)
    return answer


def methods_of(client: Client, path: str) -> set[str]:
    """What the address takes, as it says itself when asked for something it does not."""
    answer = ask(client, "PATCH", path)
    return set(answer.headers.get("Allow", "GET, POST").split(", ")) if answer.status_code == 405 else set()


def expected(person: Person, route: Route, method: str, taken: set[str]) -> set[int]:
    mark = route.mark
    missing = {404} if route.name in MAY_BE_MISSING else set()
    if mark.is_public:
        return ANSWERED | missing if method in taken else {405}
    if person.user is None:
        return {302}
    if method not in taken:
        return {405}
    also = ALSO_ASKED.get((route.name, method), SIGNED_IN)
    if not person.has(mark.permission) or not person.has(also):
        return {403}
    whose = ARGUMENTS[route.name][0] if route.arguments else ""
    if route.name in SENT_OF_COMPANY:
        whose = COMPANY
    if whose == PERSONAL or (whose == COMPANY and not person.sees_own):
        return {404}
    return ANSWERED | missing


def test_every_address_with_arguments_has_real_objects():
    unknown = [
        f"{route.path} ({route.name or 'without a name'})"
        for route in routes()
        if route.arguments and route.name not in ARGUMENTS and not route.mark.is_public
    ]
    stale = ARGUMENTS.keys() - {route.name for route in routes()}

    assert not unknown, f"Add a line to _TABLE in tests/security/stage.py for: {unknown}"
    assert not stale, f"Remove from _TABLE in tests/security/stage.py: {sorted(stale)}"


def test_every_view_says_which_methods_it_takes(company, people):
    client = people[-2].client
    silent = [
        route.path
        for route in known_routes()
        if not methods_of(client, path_of(route, company)) and route.name not in MAY_BE_MISSING
    ]

    assert not silent, f"Say @require_GET, @require_POST or @require_http_methods: {silent}"


@pytest.mark.soak("T33", "T34")
def test_everybody_gets_what_the_table_of_roles_says(company, people, figures, size):
    """Every refusal of a right, and all that whoever has all roles, or sees another company, may ask.

    What a single role is let into, and methods an address does not take from anybody, are spread over the
    roles (each with each by `./dev soak T33`).
    """
    found = Found()
    inside = people[-2]
    paths = {route.name: path_of(route, company) for route in known_routes()}
    taken = {name: methods_of(inside.client, path) for name, path in paths.items()}
    share = size(len(ROLES), 1)
    for at, person in enumerate(people):
        cache.clear()  # limits on how often one address asks
        everything = person is inside or not person.sees_own
        for number, route in enumerate(known_routes()):
            sent = SENT.get(route.name, lambda _company: {})(company)
            for method in METHODS:
                right = expected(person, route, method, taken[route.name])
                spread = right >= ANSWERED or right == {405}
                if spread and not everything and (number + at) % share:
                    continue
                answer = ask(person.client, method, paths[route.name], sent)
                found.judge(person, route, method, answer, right, company)

    figures("T33", cells=found.cells, wrong=len(found.wrong), leaks=len(found.leaks))
    assert not found.wrong, "\n".join(found.wrong)
    assert not found.leaks, "\n".join(found.leaks)


@dataclass
class Found:
    """What the matrix has seen."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def judge(self, person, route, method, answer, right, company) -> None:
        self.cells += 1
        asked = f"{person.name}: {method} {route.path} ({route.name})"
        if answer.status_code not in right:
            self.wrong.append(f"{asked} -> {answer.status_code}")
        if person.user is None and not route.mark.is_public:
            assert answer.headers["Location"].startswith("/accounts/login/?next="), asked
        if not person.sees_own and not route.mark.is_public and not answer.streaming:
            text = answer.content.decode(errors="replace")
            self.leaks += [f"{asked}: {secret}" for secret in company.secrets() if secret in text]


def test_what_is_gone_is_not_found(company, people):
    """A number nobody has: the same answer as for what one may not see."""
    wrong = []
    client = people[-2].client
    for route in known_routes():
        if not route.arguments or ARGUMENTS[route.name][0] != COMPANY:
            continue
        found = {
            name: 999_999_999 if isinstance(value, int) else value
            for name, value in ARGUMENTS[route.name][1](company).items()
        }
        path = reverse(route.name, kwargs=found)
        for method in methods_of(client, path) & set(METHODS):
            status = ask(client, method, path).status_code
            if status != 404:
                wrong.append(f"{method} {path} ({route.name}) -> {status}")

    assert not wrong, "\n".join(wrong)


def test_parts_of_another_companys_object_are_not_reached_through_ones_own(company, people):
    """Two numbers in an address belong together: hold of invoice, file of message, link of document."""
    other = make_company()
    client = people[-2].client
    Access.objects.create(user=people[-2].user, entity=other.entity)
    wrong = []
    for name, own, foreign in (
        ("invoices:release", "pk", "hold_pk"),
        ("correspondence:attachment", "pk", "attachment_pk"),
        ("correspondence:revoke", "pk", "link_pk"),
        ("customers:requirement_acknowledge", "pk", "requirement_pk"),
        ("entities:end_registration", "pk", "row"),
        ("entities:end_hours", "pk", "row"),
        ("entities:decide_bank", "pk", "change"),
    ):
        find = ARGUMENTS[name][1]
        path = reverse(name, kwargs=find(company) | {own: find(company)[own], foreign: find(other)[foreign]})
        for method in methods_of(client, path) & set(METHODS):
            status = ask(client, method, path).status_code
            # A requirement of somebody else is "not this customer's", without a word of it.
            if status != 404 and name != "customers:requirement_acknowledge":
                wrong.append(f"{method} {path} ({name}) -> {status}")

    assert not wrong, "\n".join(wrong)


def test_the_trail_of_another_company_stays_closed(company, people):
    """Its page filters by object, so that what is not on the first page would show as well."""
    inside, outside = people[-2], people[-1]
    name = company.world.customer.name

    assert "<time" in inside.client.get(reverse("trail:list"), {"object": name}).content.decode()
    for said in (name, company.entity.name, str(company.contact), str(company.bank_change)):
        assert "<time" not in outside.client.get(reverse("trail:list"), {"object": said}).content.decode()


# A provider's door is closed while no secret is set; a customer acts by the secret address alone.
WITHOUT_TOKEN = {
    "conversations:door",
    "correspondence:reports",
    "portal:promise",
    "portal:ask",
    "portal:answer",
    "portal:my_accept",
    "portal:my_answer",
    "portal:my_email",
    "portal:my_person",
    "portal:my_preferences",
    "portal:my_statement_new",
    "portal:confirm_now",
    # The handle in the address is the key of a page of the demo.
    "checkout:demo_pay",
    "checkout:demo_cancel",
    # Signed by the gateway over its bytes.
    "checkout:events",
    "portal:pay",
    "portal:dispute",
    "portal:dispute_answer",
    "portal:dispute_unsolved",
    "portal:dispute_withdraw",
    "portal:rate",
    "portal:survey_answer",
    "portal:survey_stop",
}


def test_no_form_is_taken_without_its_token(company, people, figures):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert people[-2].user
    client.force_login(people[-2].user, backend="django.contrib.auth.backends.ModelBackend")
    taken = []
    for route in known_routes():
        answer = ask(client, "POST", path_of(route, company))
        if answer.status_code != 403 and route.name not in WITHOUT_TOKEN:
            taken.append(f"{route.path} -> {answer.status_code}")

    figures("T77 POST without token", addresses=len(known_routes()), accepted=len(taken))
    assert not taken, "\n".join(taken)


def test_the_admin_is_for_staff_alone(company, people):
    for person in people:
        for path in ("/admin/", "/admin/invoices/invoice/", f"/admin/invoices/invoice/{company.issued.pk}/"):
            assert ask(person.client, "GET", path).status_code == 302, f"{person.name}: {path}"
            assert ask(person.client, "POST", path).status_code == 302, f"{person.name}: {path}"
