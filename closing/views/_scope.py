"""What every page of a month needs: the company, the month, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from closing import queries, rules
from core.errors import Invalid
from entities import queries as entities
from entities.models import Entity
from team.requests import StaffRequest

READ, CLOSE, REOPEN = "ledger.view_ledger", "ledger.close_period", "ledger.reopen_period"


@dataclass(frozen=True)
class Scope:
    """A company's month, and its part of an address."""

    entity: Entity
    month: date

    @property
    def args(self) -> list[Any]:
        return [self.entity.pk, f"{self.month:%Y-%m}"]

    def url(self, name: str = "month") -> str:
        return reverse(f"closing:{name}", args=self.args)


def scope_of(request: StaffRequest, pk: int, month: str) -> Scope:
    """The month of a company the person sees; 404 for others and for what is no month."""
    entity = get_object_or_404(entities.visible_to(request.user), pk=pk)
    try:
        return Scope(entity, rules.month_of(month))
    except Invalid as fault:
        raise Http404(fault.message) from fault


def shared(scope: Scope, current: str) -> dict[str, Any]:
    """Heading and tabs of the month's pages."""
    names = {
        "month": _("Checklist"),
        "revaluation": _("Revaluation"),
        "tax": _("Tax report"),
        "journal": _("Journal"),
    }
    return {
        "scope": scope,
        "entity": scope.entity,
        "month": scope.month,
        "last": rules.last_of(scope.month),
        "month_url": scope.url(),
        "state": queries.period_of(scope.entity, scope.month, now=timezone.now()),
        "tabs": [
            {"label": label, "url": scope.url(name), "count": None, "current": name == current}
            for name, label in names.items()
        ],
    }
