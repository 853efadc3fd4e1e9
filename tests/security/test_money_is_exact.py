"""T53: money is never a binary float, neither in code nor in tables nor in what the API says."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

ROOT = Path(settings.BASE_DIR)
# Where a float is right, and why. Amounts do not pass these on.
FLOATS_ALLOWED = {
    "core/charts.py": "coordinates of a drawing",
    "metrics/health.py": "ages in seconds",
    "billing_ops": "times of processes",
    "integrations/demo": "chances of a made-up company",
    "team/api_keys.py": "seconds to wait",
    "core/money.py": "names what it refuses, and rounds a Decimal to its integer",
}


def sources() -> Iterator[tuple[str, ast.AST]]:
    for app in (*settings.PROJECT_APPS, "billing_ops", "disputes", "audits", "compliance"):
        for path in sorted((ROOT / app).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "/migrations/" not in name and not name.startswith(tuple(FLOATS_ALLOWED)):
                yield name, ast.parse(path.read_text())


def suspects(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in ("float", "round"):
            yield node
        elif isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name == "FloatField":
                yield node
        elif isinstance(called, ast.Name) and called.id == "Decimal" and _is_float(node):
            yield node


def _is_float(call: ast.AST) -> bool:
    assert isinstance(call, ast.Call)
    return (
        bool(call.args) and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, float)
    )


@pytest.mark.soak("T53")
def test_no_float_and_no_builtin_round_near_money(figures):
    found = [f"{name}:{node.lineno}" for name, tree in sources() for node in suspects(tree)]

    figures("T53", files=sum(1 for _ in sources()), findings=len(found))
    assert not found, f"Use Decimal and core.money: {found}"


def test_the_search_finds_what_it_looks_for():
    code = "float('1.1'); round(x, 2); models.FloatField(); Decimal(0.1); Decimal('0.1'); x.round(2)"

    assert len(list(suspects(ast.parse(code)))) == 4


def test_no_table_keeps_a_float():
    found = [
        str(field)
        for model in apps.get_models()
        if model._meta.app_label in settings.PROJECT_APPS
        for field in model._meta.get_fields()
        if isinstance(field, models.FloatField)
    ]

    assert not found


@pytest.mark.django_db
def test_the_database_has_no_float_column_either():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type IN ('real', 'double precision', 'money')"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_the_api_says_amounts_as_text():
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert schema is not None
    numbers = [
        f"{name}.{field}"
        for name, component in schema["components"]["schemas"].items()
        for field, shape in component.get("properties", {}).items()
        if shape.get("type") == "number"
    ]

    assert not numbers, f"Amounts are strings in JSON: {numbers}"
