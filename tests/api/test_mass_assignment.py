"""T35: no field that is not listed is taken: every column of every table, at every act that takes a body."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as project
from rest_framework import serializers

from core.rest.fields import Input
from team.endpoints import Act
from tests.api.test_access import ROUTES

ACTS = [
    (f"{method} {pattern}", act) for _, pattern, acts in ROUTES for method, act in acts.items() if act.takes
]
EXTRA = {"tenant", "is_admin", "__proto__", "lock_version", "version", "pk"}


def _columns() -> set[str]:
    models = [one for one in apps.get_models() if one._meta.app_label in project.PROJECT_APPS]
    return EXTRA | {field.name for one in models for field in one._meta.get_fields()}


def _levels(kind: Any, path: str = "") -> list[tuple[str, type[Input]]]:
    """Every object a body is made of, with the path of fields to it."""
    found = [(path, kind)]
    for name, field in kind().fields.items():
        inner = field.child if isinstance(field, serializers.ListSerializer) else field
        if isinstance(inner, serializers.BaseSerializer):
            found += _levels(type(inner), f"{path}.{name}" if path else name)
    return found


def test_bodies_are_plain_serializers_that_cannot_write() -> None:
    assert len(ACTS) >= 15
    for name, act in ACTS:
        for path, kind in _levels(act.takes):
            assert issubclass(kind, Input), f"{name} {path}"
            assert not issubclass(kind, serializers.ModelSerializer), f"{name} {path}"
            for field in kind().fields.values():
                assert not isinstance(field, serializers.FloatField), f"{name} {field.field_name}"


@pytest.mark.soak("T35")
@pytest.mark.parametrize(("name", "act"), ACTS, ids=[name for name, _ in ACTS])
def test_columns_that_are_no_fields_are_refused_by_name(name: str, act: Act, figures: Any) -> None:
    tried = 0
    for path, kind in _levels(act.takes):
        known = set(kind().fields)
        foreign = _columns() - known
        assert {"document_status", "number", "is_staff"} - known <= foreign
        serializer = kind(data=dict.fromkeys(foreign, "1"))
        assert not serializer.is_valid()
        refused = {
            field
            for field, faults in serializer.errors.items()
            if any(getattr(fault, "code", "") == "field_is_known" for fault in faults)
        }
        assert refused == foreign, f"{name} {path}"
        tried += len(foreign)
    figures(f"T35 {name}", fields=tried, changed=0)
