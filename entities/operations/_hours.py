"""Office hours of a team that differ from the company's."""

from datetime import datetime, time

from django.db import transaction

from core.errors import Invalid
from entities import events
from entities.models import Entity, TeamHours
from entities.operations._company import check_hours
from team.models import User
from team.roles import BY_CODE
from trail.operations import record


@transaction.atomic
def set_team_hours(
    entity: Entity,
    *,
    team: str,
    time_zone: str,
    holiday_region: str,
    opens: time,
    closes: time,
    actor: User | None,
    now: datetime,
) -> TeamHours:
    """The hours of a team in the company from now on; an empty region is the company's.

    Clocks that run keep the hours they were started with. `Invalid` for an unknown team, zone or region.
    """
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    if team not in BY_CODE:
        raise Invalid("Choose a team.", field="team", rule="hours_belong_to_a_team")
    region = holiday_region.strip().upper() or entity.holiday_region or entity.country
    check_hours(time_zone=time_zone, holiday_region=region, opens=opens, closes=closes)
    before = entity.team_hours.filter(team=team, is_current=True).first()
    wanted = TeamHours(
        entity=entity, team=team, time_zone=time_zone, holiday_region=region, opens=opens, closes=closes
    )
    if before is not None:
        if _said(before) == _said(wanted):
            return before
        before.is_current = False
        before.save(update_fields=["is_current"])
    wanted.save(force_insert=True)
    changes = {"hours": (_said(before) if before else "", _said(wanted))}
    record(events.HOURS_SET, entity, actor=actor, at=now, changes=changes, team=team)
    return wanted


@transaction.atomic
def end_team_hours(row: TeamHours, *, actor: User | None, now: datetime) -> TeamHours:
    """The team keeps the company's hours again. Safe to call twice."""
    Entity.objects.select_for_update().get(pk=row.entity_id)
    row = TeamHours.objects.select_related("entity").get(pk=row.pk)
    if row.is_current:
        row.is_current = False
        row.save(update_fields=["is_current"])
        changes = {"hours": (_said(row), "")}
        record(events.HOURS_ENDED, row.entity, actor=actor, at=now, changes=changes, team=row.team)
    return row


def _said(row: TeamHours) -> str:
    return f"{row.opens:%H:%M}-{row.closes:%H:%M} {row.time_zone}, holidays of {row.holiday_region}"
