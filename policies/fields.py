"""Form fields of clauses."""

from __future__ import annotations

from typing import Any

from core.fields import NumberField
from policies.rules import STATUTORY


class FeeField(NumberField):
    """What a reminder step charges: a Decimal, STATUTORY for the fixed sum of the law, None for nothing."""

    def to_python(self, value: Any) -> Any:
        """The word as the rules know it, however it is typed; else a number."""
        if isinstance(value, str) and value.strip().lower() == STATUTORY:
            return STATUTORY
        return super().to_python(value)

    def validate(self, value: Any) -> None:
        if value != STATUTORY:
            super().validate(value)
