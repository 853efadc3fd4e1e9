"""Pages of selling companies, for each role."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entities.models import BankAccount, BankChange, Entity, ExchangeRate
from entities.operations import set_access
from team.roles import ROLES
from tests.entities.test_companies import picture
from tests.factories import NOW, make_entity, make_user

pytestmark = pytest.mark.django_db
READ = {role.code for role in ROLES if "entities.view_entity" in role.acts}
WRITE = {role.code for role in ROLES if "entities.manage_entities" in role.acts}


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_opens_which_page(client, role):
    entity = make_entity()
    client.force_login(make_user(role))

    for address in ("/entities/", f"/entities/{entity.pk}/", "/entities/rates/"):
        assert client.get(address).status_code == (200 if role in READ else 403)
    for address in ("/entities/new/", f"/entities/{entity.pk}/edit/", "/entities/access/"):
        assert client.get(address).status_code == (200 if role in WRITE else 403)


def test_another_company_is_not_found(client):
    mine, other, user = make_entity(), make_entity(), make_user("controller")
    set_access(user, entities=[mine], actor=None, now=NOW)
    client.force_login(user)

    assert client.get(f"/entities/{mine.pk}/").status_code == 200
    assert client.get(f"/entities/{other.pk}/").status_code == 404
    assert client.post(f"/entities/{other.pk}/bank/", {}).status_code == 404


def test_a_company_is_set_up_and_edited_on_the_screen(client):
    client.force_login(make_user("administrator"))
    legal = {
        "code": "IE",
        "name": "Northwind",
        "legal_name": "Northwind Ltd",
        "city": "Dublin",
        "country": "ie",
        "address_lines": "1 Quay\r\nSecond floor",
        "email": "a@example.test",
        "language": "en",
        "time_zone": "Europe/Dublin",
        "functional_currency": "EUR",
        "fiscal_year_start_month": "1",
        "tax_rounding": "group",
        "opens": "08:30",
        "closes": "17:00",
        "colour": "#4f46e5",
        "is_active": "on",
    }

    assert client.post("/entities/new/", legal | {"country": "xx"}).status_code == 422
    assert client.post("/entities/new/", legal).status_code == 302
    entity = Entity.objects.get()
    assert entity.address_lines == ["1 Quay", "Second floor"]
    changed = legal | {"city": "Cork", "lock_version": "1"}
    assert client.post(f"/entities/{entity.pk}/edit/", changed).status_code == 302
    assert client.post(f"/entities/{entity.pk}/edit/", changed | {"city": "Galway"}).status_code == 409


def test_two_persons_change_the_bank_account_on_the_screen(client):
    entity = make_entity()
    details = {
        "currency": "EUR",
        "holder": "N",
        "bank_name": "B",
        "iban": "DE89370400440532013000",
        "reason": "New bank",
    }
    client.force_login(make_user("controller"))
    wrong = client.post(f"/entities/{entity.pk}/bank/", details | {"iban": "DE00"})
    assert wrong.status_code == 422
    client.post(f"/entities/{entity.pk}/bank/", details)
    decide = f"/entities/{entity.pk}/bank/{BankChange.objects.get().pk}/"
    assert client.post(decide, {"checked_with": "me"}).status_code == 409
    assert "somebody else decides" in client.get(f"/entities/{entity.pk}/").content.decode()

    client.force_login(make_user("administrator"))
    assert client.post(decide, {"checked_with": "Ms Roth"}).status_code == 302
    assert BankAccount.objects.get().is_active
    client.force_login(make_user("specialist"))
    assert "DE89370400440532013000" not in client.get(f"/entities/{entity.pk}/").content.decode()


def test_series_tax_numbers_and_rates_are_entered_on_the_screen(client):
    entity = make_entity()
    client.force_login(make_user("administrator"))
    page = f"/entities/{entity.pk}/"

    series = {
        "document_type": "invoice",
        "fiscal_year": "2026",
        "pattern": "A{YY}-{N:05}",
        "first_number": "1",
    }
    assert client.post(f"{page}series/", series | {"pattern": "A-{N}"}).status_code == 422
    assert client.post(f"{page}series/", series).status_code == 302
    number = {"scheme": "VAT", "country": "de", "number": "DE136695976", "valid_from": "2020-01-01"}
    assert client.post(f"{page}tax-numbers/", number | {"number": "DE1"}).status_code == 422
    assert client.post(f"{page}tax-numbers/", number).status_code == 302
    assert "A26-00001" in client.get(page).content.decode()
    rate = {"currency": "USD", "functional": "EUR", "rate": "0.92", "on": "2026-11-02", "source": "ECB"}
    assert client.post("/entities/rates/", rate).status_code == 302
    assert client.post("/entities/rates/", rate).status_code == 422
    assert ExchangeRate.objects.count() == 1


def test_a_logo_is_uploaded_and_open_to_customers(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    entity = make_entity()
    client.force_login(make_user("administrator"))

    bad = client.post(f"/entities/{entity.pk}/logo/", {"logo": SimpleUploadedFile("logo.png", b"<svg/>")})
    good = client.post(f"/entities/{entity.pk}/logo/", {"logo": SimpleUploadedFile("x.svg", picture())})
    client.logout()

    assert (bad.status_code, good.status_code) == (422, 302)
    assert client.get(f"/entities/{entity.pk}/logo.png")["Content-Type"] == "image/png"
