"""When it is a decent hour where a customer is."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from core.calendars import Calendar

# Where most people of a country with several zones live; states that are elsewhere stand below.
_MAIN = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CL": "America/Santiago", "CN": "Asia/Shanghai", "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin", "ES": "Europe/Madrid", "FR": "Europe/Paris", "GB": "Europe/London",
    "ID": "Asia/Jakarta", "KZ": "Asia/Almaty", "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "UA": "Europe/Kyiv",
    "US": "America/New_York",
}  # fmt: skip
_STATES = {
    "America/Chicago": "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
}
_ZONE_OF_STATE = {f"US-{state}": zone for zone, states in _STATES.items() for state in states.split()}


@lru_cache(maxsize=512)
def zone_of(country: str, state: str, ours: str) -> str:
    """The time zone of a customer; `ours` where the country is not known."""
    if zone := _ZONE_OF_STATE.get(f"{country}-{state}"):
        return zone
    if zone := _MAIN.get(country):
        return zone
    zones = sorted(name for name, where in get_global("zone_territories").items() if where == country)
    known = [name for name in zones if name in available_timezones()]
    return ours if ours in known or not known else known[0]


def is_open(now: datetime, zone: str, calendar: Calendar, hours: tuple[int, int]) -> bool:
    """Whether it is a working day and within the hours there: from the first hour to before the last."""
    local = now.astimezone(ZoneInfo(zone))
    return hours[0] <= local.hour < hours[1] and calendar.is_business_day(local.date())
