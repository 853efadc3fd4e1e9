"""Showing a refusal where it belongs: at the field of the form it names."""

from __future__ import annotations

from django.forms import BaseForm

from core.errors import DomainError


def show(form: BaseForm, fault: DomainError) -> None:
    """Put each problem of the refusal at its field; one that names no field of the form stands above it."""
    for one in fault.problems:
        field = one["field"] if one["field"] in form.fields else None
        form.add_error(field, f"{one['message']} {one['mend']}".strip())
