"""Remittance advices: what payers announced, and what of it has not come yet."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from banking.matching import Advice
from banking.models import Remittance, RemittanceLine
from entities import queries as entities
from entities.models import Entity
from team.models import User


def remittances_visible_to(user: User) -> QuerySet[Remittance]:
    """Advices for the companies this person sees, with how many lines they have and how many wait."""
    return (
        Remittance.objects.filter(entity__in=entities.visible_to(user))
        .select_related("entity", "brought_by")
        .annotate(
            n=Count("lines"),
            waiting=Count("lines", filter=Q(lines__paid_by=None)),
            total=Sum("lines__amount"),
        )
    )


def mapping_for(entity: Entity, headings: list[str]) -> Remittance | None:
    """The last advice with exactly these headings: its columns were said, or found, before."""
    return Remittance.objects.filter(entity=entity, headings=headings).order_by("-id").first()


def advices_of(entity: Entity, currency: str) -> tuple[Advice, ...]:
    """Payments that were announced and have not come."""
    rows = RemittanceLine.objects.filter(
        paid_by=None, item__open_amount__gt=0, item__entity=entity, item__currency=currency
    ).select_related("item")
    grouped: dict[tuple[int, str], list[RemittanceLine]] = defaultdict(list)
    for row in rows.order_by("pk"):
        grouped[row.remittance_id, row.payment].append(row)
    return tuple(_advice(reference, lines) for (_, reference), lines in grouped.items())


def _advice(reference: str, lines: list[RemittanceLine]) -> Advice:
    parts: dict[int, Decimal] = {}
    for row in lines:
        parts[row.item_id] = parts.get(row.item_id, Decimal(0)) + row.amount
    return Advice(
        customer=lines[0].item.customer_id,
        reference=reference,
        parts=tuple(parts.items()),
        lines=tuple(row.pk for row in lines),
        deducted=sum((row.deduction for row in lines), Decimal(0)).normalize(),
    )
