"""Recorded acts in words."""

from django import template

from trail.naming import fact_name

register = template.Library()
register.filter("fact", fact_name)
