"""The schema: complete, without warnings, and equal to the stored one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from tests.api.client import Api
from tests.browser import unreadable
from tests.world import World

# Together in one process of the run: making the schema takes seconds.
pytestmark = pytest.mark.xdist_group("schema")
STORED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
REFRESH = "./dev manage spectacular --validate --fail-on-warn --file docs/openapi.yaml"


@pytest.fixture(scope="module")
def schema() -> Any:
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return out.getvalue()


def test_the_stored_schema_is_the_generated_one(schema: str) -> None:
    assert STORED.read_text().strip() == schema.strip(), f"Refresh it: {REFRESH}"


def test_what_the_schema_tells(schema: str) -> None:
    told = yaml.safe_load(schema)
    assert told["openapi"].startswith("3.1")
    assert told["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    problem = told["components"]["schemas"]["Problem"]["properties"]
    assert {"type", "title", "status", "detail", "problems", "request_id"} <= set(problem)
    for path, methods in told["paths"].items():
        for method, act in methods.items():
            where = f"{method} {path}"
            assert act["summary"], where
            assert "Needs the scope" in act["description"], where
            assert "application/problem+json" in act["responses"]["403"]["content"], where
            if method == "post":
                assert "Idempotency-Key" in [one["name"] for one in act["parameters"]], where
            if method in ("put", "patch"):
                assert "If-Match" in [one["name"] for one in act["parameters"]], where
    made = told["paths"]["/api/v1/invoices/"]["post"]
    assert made["requestBody"]["content"]["application/json"]["examples"]


def test_money_is_text_in_the_schema(schema: str) -> None:
    told = yaml.safe_load(schema)
    for name, shape in told["components"]["schemas"].items():
        for field, kind in shape.get("properties", {}).items():
            assert kind.get("type") != "number", f"{name}.{field} is a JSON number"


def test_the_schema_is_served(client: Client, db: None) -> None:
    assert client.get("/api/schema/").status_code == 200


def test_the_page_shows_every_act(client: Client, db: None, schema: str) -> None:
    page = client.get("/api/docs/").content.decode()
    for path, methods in yaml.safe_load(schema)["paths"].items():
        assert f"<code>{path}</code>" in page
        for act in methods.values():
            assert act["operationId"] in page
    assert "`" not in page
    assert "<style" not in page
    assert " style=" not in page


def test_answers_have_the_shape_of_the_schema(world: World, schema: str) -> None:
    """What is told of an invoice is what an invoice answer has, and nothing else."""
    told = yaml.safe_load(schema)["components"]["schemas"]
    api = Api(world.clerk)
    line = {"description": "Work package", "quantity": "1", "unit_price": "100.00"}
    made = api.post("invoices/", {"customer": world.customer.pk, "lines": [line]})
    assert set(made) == set(told["InvoiceDetailOut"]["properties"])
    customer = api.get(f"customers/{world.customer.pk}/")
    assert set(customer) == set(told["CustomerDetailOut"]["properties"])


def test_a_stranger_can_read_the_page(open_page: Any) -> None:
    """One act of each group; tests/browser_flows/test_axe.py reads all of it as somebody signed in."""
    page = open_page("/api/docs/")
    page.evaluate("document.querySelectorAll('.api-act ~ .api-act').forEach((one) => one.remove())")
    page.locator("details.api-act summary").nth(2).click()
    assert list(unreadable(page)) == []
