"""Applying what a person entered to a row, keeping what it was before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def apply(subject: Any, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Set the attributes that differ; returns {field: (before, after)} of those. Saves nothing."""
    changes = {
        name: (getattr(subject, name), value)
        for name, value in values.items()
        if getattr(subject, name) != value
    }
    for name, (_, value) in changes.items():
        setattr(subject, name, value)
    return changes
