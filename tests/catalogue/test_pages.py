"""Pages of items, prices and taxes, for each role."""

import pytest

from catalogue.models import Item, Price, TaxRate
from team.roles import ROLES
from tests.catalogue.test_prices_and_rates import make_item
from tests.factories import make_user

pytestmark = pytest.mark.django_db
READ = {role.code for role in ROLES if "catalogue.view_item" in role.acts}
WRITE = {role.code for role in ROLES if "catalogue.edit_item" in role.acts}


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_opens_which_page(client, role):
    item = make_item()
    client.force_login(make_user(role))

    for address in ("/catalogue/", f"/catalogue/{item.pk}/", "/catalogue/taxes/"):
        assert client.get(address).status_code == (200 if role in READ else 403)
    for address in ("/catalogue/new/", f"/catalogue/{item.pk}/edit/"):
        assert client.get(address).status_code == (200 if role in WRITE else 403)


def test_an_item_gets_its_price_on_the_screen(client):
    client.force_login(make_user("lead"))
    fields = {
        "code": "C-1",
        "name": "Consulting",
        "kind": "service",
        "unit": "hour",
        "tax_class": "standard",
        "is_active": "on",
    }

    assert client.post("/catalogue/new/", fields | {"hsn": "1"}).status_code == 422
    assert client.post("/catalogue/new/", fields).status_code == 302
    item = Item.objects.get()
    address = f"/catalogue/{item.pk}/"
    price = {"currency": "EUR", "unit_price": "1,200.50", "valid_from": "2026-01-01"}
    assert client.post(f"{address}price/", price | {"unit_price": "-1"}).status_code == 422
    assert client.post(f"{address}price/", price).status_code == 302
    assert str(Price.objects.get().unit_price) == "1200.500000"
    assert "1,200.50" in client.get("/catalogue/?q=cons").content.decode()
    changed = {name: value for name, value in fields.items() if name != "code"} | {
        "lock_version": "1",
        "name": "Advice",
    }
    assert client.post(f"{address}edit/", changed).status_code == 302
    assert client.post(f"{address}edit/", changed | {"name": "Other"}).status_code == 409


def test_rates_say_whether_a_lawyer_confirmed_them_and_what_the_us_table_lacks(client):
    client.force_login(make_user("controller"))
    rate = {
        "country": "us",
        "state_code": "tx",
        "tax_class": "standard",
        "rate": "6.25",
        "label": "TX sales tax",
        "valid_from": "2022-01-01",
        "source": "Texas Comptroller",
    }

    assert client.post("/catalogue/taxes/", rate | {"rate": "625"}).status_code == 422
    assert client.post("/catalogue/taxes/", rate).status_code == 302
    page = client.get("/catalogue/taxes/?country=US").content.decode()
    assert "State rates only" in page
    assert "not confirmed by a legal adviser" in page
    client.post(f"/catalogue/taxes/{TaxRate.objects.get().pk}/nexus/", {"nexus_from": "2024-01-01"})
    client.post(
        "/catalogue/taxes/confirm/", {"country": "US", "reviewed_on": "2026-11-01", "adviser": "Dr Falk"}
    )
    row = TaxRate.objects.get()
    assert (str(row.nexus_from), str(row.reviewed_on)) == ("2024-01-01", "2026-11-01")


def test_readers_cannot_post(client):
    client.force_login(make_user("auditor"))

    assert client.post("/catalogue/taxes/", {"country": "DE"}).status_code == 403
    assert client.post("/catalogue/taxes/confirm/", {}).status_code == 403
    assert not TaxRate.objects.exists()
