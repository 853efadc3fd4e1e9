"""Ranges of days in the database."""

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Func


class DateRange(Func):
    """`daterange(from, to, '[]')`: both ends inclusive, an empty end is open."""

    function = "DATERANGE"
    output_field = DateRangeField()
