"""How each reason is worked on, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet, Sum

from disputes import rules
from disputes.models import Dispute, Playbook


@dataclass(frozen=True)
class Outcomes:
    """What became of the disputes worked on by one version: counts, the share upheld, days to the end."""

    closed: int
    upheld: int
    rejected: int
    reopened: int
    credited: Decimal
    days: Decimal | None

    @property
    def is_few(self) -> bool:
        """Fewer than five say nothing yet."""
        return self.closed < 5

    @property
    def upheld_share(self) -> int:
        """Percent of the closed ones in which the customer was right."""
        return self.upheld * 100 // self.closed if self.closed else 0


def current_playbook(reason: str) -> Playbook | None:
    """The version a new dispute of this reason is worked on by."""
    return Playbook.objects.filter(reason=reason, is_current=True).first()


def playbooks() -> QuerySet[Playbook]:
    """The versions in use, by reason."""
    return Playbook.objects.filter(is_current=True).select_related("published_by").order_by("reason")


def outcomes_of(reasons: list[str] | None = None) -> dict[int, Outcomes]:
    """Playbook -> what came of its closed disputes, in one statement."""
    rows = Dispute.objects.filter(playbook__isnull=False, closed_at__isnull=False)
    if reasons is not None:
        rows = rows.filter(reason__in=reasons)
    found = (
        rows.order_by()
        .values("playbook")
        .annotate(
            closed=Count("pk"),
            upheld=Count("pk", filter=Q(outcome__in=sorted(rules.UPHELD))),
            rejected=Count("pk", filter=Q(outcome__in=[rules.REJECT, rules.GIVEN_UP])),
            reopened=Count("pk", filter=Q(was_reopened=True)),
            credited=Sum("credited"),
            time=Avg(F("closed_at") - F("raised_at")),
        )
    )
    return {row["playbook"]: _outcomes(row) for row in found}


def _outcomes(row: Mapping[str, Any]) -> Outcomes:
    time = row["time"]
    # 144 minutes are a tenth of a day.
    days = Decimal(time // timedelta(minutes=144)) / 10 if isinstance(time, timedelta) else None
    return Outcomes(
        row["closed"],
        row["upheld"],
        row["rejected"],
        row["reopened"],
        row["credited"] or Decimal(0),
        days,
    )
