"""The pages of customers: who may open them, what they show, how they refuse."""

import pytest
from django.urls import resolve, reverse

from core.permissions import mark_of
from customers import operations as ops
from customers.models import BankDetail, ChangeRequest, Contact, Customer, Segment
from entities.models import Access
from tests.factories import NOW, make_customer, make_entity, make_user

pytestmark = pytest.mark.django_db
EDITORS = {"specialist", "lead", "controller", "collector"}
READERS = EDITORS | {"director", "manager", "cash_applier", "auditor", "compliance_officer"}
STRANGERS = {"legal_adviser", "administrator"}
IBAN = "DE89370400440532013000"


@pytest.fixture
def entity():
    return make_entity()


@pytest.fixture
def customer(entity):
    customer = make_customer(entity=entity, name="Helios Solar GmbH", number="K-1")
    ops.add_contact(
        customer, name="Orla Byrne", email="ap@helios.example", phone="+49 40 555-0199", purposes=["billing"],
        actor=None, now=NOW,
    )  # fmt: skip
    ops.set_address(
        customer,
        lines=["Sonnenweg 3"],
        postal_code="80331",
        city="München",
        country="DE",
        actor=None,
        now=NOW,
    )
    ops.set_tax_id(customer, scheme="VAT", number="DE136695976", actor=None, now=NOW)
    return customer


@pytest.fixture
def requirement(customer):
    return ops.add_requirement(
        kind="po_required", customer=customer, parameters={"pattern": r"45\d{8}"}, source="Mail of 3 Jan",
        valid_from=NOW.date().replace(month=1), actor=None, now=NOW,
    )  # fmt: skip


@pytest.fixture
def change(customer):
    return ops.request_change(
        customer, subject="bank", proposed={"holder": "Helios", "iban": IBAN}, reason="Letter",
        actor=make_user("specialist", name="Jonas Ohm"), now=NOW,
    )  # fmt: skip


@pytest.fixture
def sign_in(client):
    def as_(role, **values):
        user = make_user(role, **values)
        client.force_login(user)
        return user

    return as_


def url(name, *args):
    return reverse(f"customers:{name}", args=args)


def pages(customer, requirement, change):
    """Page -> roles that may open it."""
    contact, tax_id = customer.contacts.get(), customer.tax_ids.get()
    asks = {"specialist", "lead", "controller"}
    return {
        url("list"): READERS,
        url("detail", customer.pk): READERS,
        url("settings", customer.pk): READERS,
        url("shared"): READERS,
        url("change_detail", change.pk): READERS,
        url("create"): EDITORS,
        url("similar") + "?name=helios": EDITORS,
        url("edit", customer.pk): EDITORS,
        url("block", customer.pk): EDITORS,
        url("unblock", customer.pk): EDITORS,
        url("contact_add", customer.pk): EDITORS,
        url("contact_edit", contact.pk): EDITORS,
        url("address", customer.pk, "billing"): EDITORS,
        url("address", customer.pk, "delivery"): EDITORS,
        url("tax_id", customer.pk): EDITORS,
        url("tax_id_verify", tax_id.pk): EDITORS,
        url("requirement_add", customer.pk): asks,
        url("requirement_add", customer.pk) + "?kind=po_required": asks,
        url("requirement_add_shared", "everywhere") + "?kind=language": asks,
        url("requirement_edit", requirement.pk): asks,
        url("requirement_end", requirement.pk): asks,
        url("segment_add"): asks,
        url("change_new", customer.pk, "bank"): asks,
        url("change_new", customer.pk, "terms"): asks,
        url("change_new", customer.pk, "credit_limit"): asks,
    }


@pytest.mark.parametrize("role", sorted(READERS | STRANGERS))
def test_every_role_may_open_its_pages_and_no_other(sign_in, customer, requirement, change, role):
    user = sign_in(role)

    for address, allowed in pages(customer, requirement, change).items():
        mark = mark_of(resolve(address.partition("?")[0]).func)
        assert any(map(user.has_perm, mark.permission.split("|"))) is (role in allowed), (role, address)


@pytest.mark.parametrize("role", ["specialist", "auditor", "legal_adviser"])
def test_the_pages_themselves_open_or_refuse(client, sign_in, customer, requirement, change, role):
    sign_in(role)

    for address, allowed in pages(customer, requirement, change).items():
        answer = client.get(address)
        assert answer.status_code == (200 if role in allowed else 403), (role, address)
        assert b"style=" not in answer.content
        assert b"<script>" not in answer.content


@pytest.mark.parametrize("role", sorted(READERS | STRANGERS))
def test_writing_addresses_refuse_who_may_not(client, sign_in, customer, requirement, change, role):
    sign_in(role)
    writes = {
        url("contact_deactivate", customer.contacts.get().pk): EDITORS,
        url("tax_id_end", customer.tax_ids.get().pk): EDITORS,
        url("own", customer.pk): EDITORS,
        url("requirement_acknowledge", customer.pk, requirement.pk): {"specialist", "lead", "controller"},
        url("change_approve", change.pk): {"lead", "controller", "director"},
        url("change_call_back", change.pk): {"specialist", "lead", "controller", "director"},
        url("change_reject", change.pk): {"specialist", "lead", "controller", "director"},
    }

    for address, allowed in writes.items():
        answer = client.post(address)
        assert (answer.status_code != 403) == (role in allowed), (role, address)
        assert client.get(address).status_code == 405
    if role not in EDITORS:
        assert Contact.objects.get().is_active


def test_nobody_sees_anything_without_signing_in(client, customer):
    for name, args in (("list", []), ("detail", [customer.pk]), ("create", [])):
        answer = client.get(url(name, *args))
        assert answer.status_code == 302
        assert "login" in answer["Location"]


def test_a_person_of_one_company_does_not_see_customers_of_another(client, sign_in, customer):
    user = sign_in("specialist")
    Access.objects.create(user=user, entity=make_entity())

    assert client.get(url("detail", customer.pk)).status_code == 404
    assert client.post(url("own", customer.pk)).status_code == 404
    assert client.post(url("contact_deactivate", customer.contacts.get().pk)).status_code == 404
    assert b"Helios" not in client.get(url("list")).content


def test_the_list_is_found_filtered_and_paged(client, sign_in, entity, customer):
    sign_in("auditor")
    segment = Segment.objects.create(name="Public")
    for n in range(60):
        make_customer(entity=entity, name=f"Utility {n:02}", segment=segment)
    ops.block_customer(Customer.objects.get(name="Utility 07"), reason="x", actor=None, now=NOW)

    def names(query):
        page = client.get(url("list") + query).context["page"]
        return [one.name for one in page], page

    first, page = names("")
    assert len(first) == 50
    assert first == sorted(first)
    second, _ = names(f"?after={page.after}")
    assert len(second) == 10
    assert names("?view=blocked")[0] == ["Utility 07"]
    assert names("?q=elio")[0] == ["Helios Solar GmbH"]
    assert names("?q=k-1")[0] == ["Helios Solar GmbH"]
    assert names("?q=Ut%69lity+5&sort=-name")[0][0] == "Utility 59"
    assert len(names(f"?segment={segment.pk}&view=all")[0]) == 50
    assert names("?q='%22;--")[0] == []
    assert client.get(reverse("customers:list") + "?q=%00").status_code == 422
    assert names("?entity=999999999999&owner=x&view=nonsense&after=broken")[1].total == 61
    assert b"No customer matches" in client.get(url("list") + "?q=zzz").content


def test_the_list_needs_few_queries(client, sign_in, entity, django_assert_max_num_queries):
    sign_in("auditor")
    for n in range(30):
        make_customer(entity=entity, name=f"Utility {n:02}")

    with django_assert_max_num_queries(25):
        client.get(url("list"))


def test_the_record_page_needs_few_queries(
    client, sign_in, customer, requirement, change, django_assert_max_num_queries
):
    sign_in("lead")
    with django_assert_max_num_queries(30):
        client.get(url("detail", customer.pk))


def test_the_record_shows_what_holds_and_why(client, sign_in, customer, requirement):
    sign_in("specialist")

    html = client.get(url("detail", customer.pk)).content.decode()

    for words in ("Helios Solar GmbH", "K-1", "Purchase order", r"45\d{8}", "Mail of 3 Jan", "New to you",
                  "Sonnenweg 3, 80331 München, DE", "DE136695976", "Orla Byrne", "the register was not asked",
                  "added the requirement", customer.entity.name):  # fmt: skip
        assert words in html, words


def test_bank_data_are_masked_for_who_may_not_see_them(client, sign_in, customer, change):
    BankDetail.objects.create(customer=customer, holder="Helios", iban=IBAN, since=NOW)
    for role, full in (("specialist", False), ("auditor", False), ("controller", True), ("lead", True)):
        sign_in(role)
        for address in (url("detail", customer.pk), url("change_detail", change.pk)):
            html = client.get(address).content.decode()
            assert (IBAN in html) is full, (role, address)
            assert "3000" in html


NEW = {
    "name": "Kestrel Robotics", "kind": "business", "country": "DE", "street": "Weg 1", "city": "Ulm",
    "postal_code": "89073", "tax_number": "DE811907980", "contact_email": "ap@kestrel.example",
}  # fmt: skip


def test_a_customer_is_set_up_in_one_go(client, sign_in, entity):
    sign_in("specialist")

    answer = client.post(url("create"), NEW | {"entity": entity.pk})

    made = Customer.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == url("detail", made.pk)
    assert str(made.addresses.get()) == "Weg 1, 89073 Ulm, DE"
    assert made.tax_ids.get().number == "DE811907980"
    assert made.contacts.get().purposes == ["billing"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "This is needed"),
        ({"tax_number": "DE811907981"}, "tax_number", "check digits"),
        ({"contact_phone": "call me"}, "contact_phone", "not a phone number"),
        ({"currency": "EURO"}, "currency", "at most 3"),
        ({"currency": "ABC"}, "currency", "ISO 4217"),
        ({"parent_number": "nobody"}, "parent_number", "No customer has this number"),
        ({"city": "", "street": "Weg 1"}, "city", "missing"),
        ({"country": "IN", "tax_number": ""}, "state_code", "state code"),
    ],
)
def test_a_wrong_new_customer_comes_back_with_the_reason_at_the_field(
    client, sign_in, entity, change, field, words
):
    sign_in("specialist")

    answer = client.post(url("create"), NEW | {"entity": entity.pk} | change)

    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert not Customer.objects.exists()


def test_a_new_customer_without_anything_is_told_what_is_missing(client, sign_in, entity):
    sign_in("specialist")

    answer = client.post(url("create"), {})

    assert answer.status_code == 422
    assert "name" in answer.context["form"].errors
    assert not Customer.objects.exists()


def test_everything_wrong_with_a_new_customer_is_said_in_one_round(client, sign_in, entity, customer):
    sign_in("specialist")
    wrong = NEW | {
        "entity": entity.pk, "name": "Helios Solar Gmbh & Co", "currency": "ABC", "city": "",
        "tax_number": "DE811907981", "contact_phone": "call me", "parent_number": "nobody",
    }  # fmt: skip

    answer = client.post(url("create"), wrong)

    errors = answer.context["form"].errors
    assert answer.status_code == 422
    assert set(errors) == {"currency", "city", "tax_number", "contact_phone", "parent_number"}
    assert "similar name exists" in answer.content.decode()
    assert list(Customer.objects.all()) == [customer]

    # Without what the form itself sees, the rest is still said at once.
    asked = client.post(url("create"), wrong | {"parent_number": "", "different": "yes"})
    assert set(asked.context["form"].errors) == {"currency", "city", "tax_number", "contact_phone"}
    assert list(Customer.objects.all()) == [customer]


def test_a_similar_name_asks_first(client, sign_in, entity, customer):
    sign_in("specialist")
    twin = NEW | {"entity": entity.pk, "name": "Helios Solar Gmbh & Co"}

    answer = client.post(url("create"), twin)
    assert answer.status_code == 409
    assert "similar name exists" in answer.content.decode()
    assert Customer.objects.count() == 1

    client.post(url("create"), twin | {"different": "yes"})
    assert Customer.objects.count() == 2
    assert b"Helios" in client.get(url("similar") + "?name=helios+solar").content


def test_a_taken_number_is_a_conflict(client, sign_in, entity, customer):
    sign_in("specialist")

    answer = client.post(url("create"), NEW | {"entity": entity.pk, "number": "K-1"})

    assert answer.status_code == 409
    assert "number" in answer.context["form"].errors


def test_a_stale_edit_shows_both_versions_and_can_be_saved_over(client, sign_in, customer):
    sign_in("lead", name="Maya Köhler")
    form = client.get(url("edit", customer.pk)).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    values |= {"name": "Mine GmbH", "entity": customer.entity_id}
    for name in ("is_sez", "insolvent"):
        values.pop(name)
    ops.edit_customer(customer, actor=make_user("lead", name="Anna Kruse"), now=NOW, name="Anna's GmbH")

    answer = client.post(url("edit", customer.pk), values)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Anna Kruse saved" in html
    assert "Anna&#x27;s GmbH" in html
    assert "Mine GmbH" in html

    client.post(url("edit", customer.pk), values | {"lock_version": 2})
    customer.refresh_from_db()
    assert customer.name == "Mine GmbH"


def test_contacts_are_written_and_deactivated_as_a_fragment(client, sign_in, customer):
    sign_in("specialist")
    client.post(url("contact_add", customer.pk), {"name": "Ivo", "email": "ivo@helios.example"})
    clash = client.post(url("contact_add", customer.pk), {"name": "Ivo", "email": "IVO@helios.example"})
    assert clash.status_code == 409
    assert "already" in str(clash.context["form"].errors["email"])

    ivo = Contact.objects.get(name="Ivo")
    client.post(url("contact_edit", ivo.pk), {"name": "Ivo B", "email": ivo.email})
    fragment = client.post(url("contact_deactivate", ivo.pk), headers={"HX-Request": "true"})

    assert fragment.content.decode().lstrip().startswith('<section class="card" id="contacts">')
    ivo.refresh_from_db()
    assert (ivo.name, ivo.is_active) == ("Ivo B", False)
    assert client.get(url("contact_edit", ivo.pk)).status_code == 404


def test_a_requirement_is_added_edited_seen_and_ended(client, sign_in, customer):
    user = sign_in("specialist")
    add = url("requirement_add", customer.pk) + "?kind=po_required"
    values = {"severity": "block", "valid_from": "2026-01-01", "p_pattern": "45("}
    wrong = client.post(add, values)
    assert wrong.status_code == 422
    assert "not a pattern" in str(wrong.context["form"].errors["p_pattern"])

    client.post(add, values | {"p_pattern": r"45\d{8}"})
    one = customer.requirements.get()
    seen = url("requirement_acknowledge", customer.pk, one.pk)
    assert client.post(seen, {"revision": 9}).status_code == 409
    fragment = client.post(seen, {"revision": 1}, headers={"HX-Request": "true"})
    assert "New to you" not in fragment.content.decode()
    assert one.acknowledgements.get().user == user

    edit = url("requirement_edit", one.pk)
    assert client.post(edit, values | {"p_pattern": "46", "revision": 1}).status_code == 302
    assert client.post(edit, values | {"p_pattern": "47", "revision": 1}).status_code == 409
    assert "New to you" in client.get(url("detail", customer.pk)).content.decode()
    client.post(url("requirement_end", one.pk), {"on": "2026-12-31", "reason": "Retired"})
    one.refresh_from_db()
    assert (one.parameters, str(one.valid_to)) == ({"pattern": "46"}, "2026-12-31")


def test_segments_and_shared_requirements(client, sign_in, customer):
    sign_in("lead")
    client.post(url("segment_add"), {"name": "Public", "delivery_channel": "peppol"})
    segment = Segment.objects.get()
    client.post(url("segment_edit", segment.pk), {"name": "Public sector", "delivery_channel": "peppol"})
    level = url("requirement_add_shared", f"segment-{segment.pk}") + "?kind=buyer_reference"
    client.post(level, {"severity": "block", "valid_from": "2026-01-01", "p_format": "leitweg"})
    ops.edit_customer(customer, actor=None, now=NOW, segment=segment)

    html = client.get(url("settings", customer.pk)).content.decode()

    assert "Segment: Public sector" in html
    assert "Peppol" in html


def test_bank_details_change_through_the_pages_by_two_persons(client, sign_in, customer):
    sign_in("specialist")
    wrong = client.post(
        url("change_new", customer.pk, "bank"), {"holder": "H", "iban": "DE00", "reason": "x"}
    )
    assert wrong.status_code == 422
    assert "iban" in wrong.context["form"].errors
    client.post(
        url("change_new", customer.pk, "bank"), {"holder": "Helios", "iban": IBAN, "reason": "Letter"}
    )
    change = ChangeRequest.objects.get()
    own = client.get(url("change_detail", change.pk)).content.decode()
    assert "another person decides" in own
    assert "Approve and apply" not in own

    sign_in("lead", name="Maya Köhler")
    early = client.post(url("change_approve", change.pk))
    assert early.status_code == 409
    assert client.post(url("change_call_back", change.pk), {"person": "Orla"}).status_code == 422
    stranger = {"person": "Orla", "number": "+49 666"}
    assert client.post(url("change_call_back", change.pk), stranger).status_code == 422
    client.post(url("change_call_back", change.pk), {"person": "Orla Byrne", "number": "+49 40 555-0199"})
    assert "Orla Byrne confirmed" in client.get(url("change_detail", change.pk)).content.decode()

    sign_in("controller")
    assert client.post(url("change_approve", change.pk)).status_code == 302
    assert client.post(url("change_approve", change.pk)).status_code == 409
    assert BankDetail.objects.get().iban == IBAN


def test_a_change_is_rejected_with_a_reason(client, sign_in, customer, change):
    sign_in("controller")
    assert client.post(url("change_reject", change.pk), {"reason": ""}).status_code == 422

    client.post(url("change_reject", change.pk), {"reason": "They know nothing of it"})

    change.refresh_from_db()
    assert change.state == "rejected"


def test_blocking_from_the_page_shows_on_it(client, sign_in, customer):
    sign_in("specialist")
    assert client.post(url("block", customer.pk), {"reason": ""}).status_code == 422
    client.post(url("block", customer.pk), {"reason": "Sanctions check"})
    assert client.post(url("block", customer.pk), {"reason": "again"}).status_code == 409

    html = client.get(url("detail", customer.pk)).content.decode()

    assert "Sanctions check" in html
    assert "Allow invoices again" in html
