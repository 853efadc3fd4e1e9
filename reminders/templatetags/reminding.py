"""Words of reminders in templates."""

from collections.abc import Mapping
from datetime import date

from django import template

from reminders.words import RULES, step_name

register = template.Library()
_CHANNELS = {"email": "E-mail", "post": "Letter", "phone": "Phone call", "task": "Work for a colleague"}


@register.filter
def rule_words(rule: str) -> str:
    """The rule as a sentence."""
    return RULES.get(rule, rule)


@register.filter
def step_words(step: int) -> str:
    """A step: "10 days after"."""
    return step_name(step)


@register.filter
def channel_words(channel: str) -> str:
    """How a step reaches its reader."""
    return _CHANNELS.get(channel, channel)


@register.filter
def spaced(name: str) -> str:
    """A name of the code as words."""
    return name.replace("_", " ")


@register.filter
def iso(on: date | None) -> str:
    """The day for an address."""
    return on.isoformat() if on else ""


@register.filter
def total(numbers: Mapping[str, int]) -> int:
    """Their sum."""
    return sum(numbers.values())
