"""Ranges of days and of instants in the database."""

from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField
from django.db.models import Func


class DateRange(Func):
    """`daterange(from, to, '[]')`: both ends inclusive, an empty end is open."""

    function = "DATERANGE"
    output_field = DateRangeField()


class InstantRange(Func):
    """`tstzrange(from, to)`: with its beginning, without its end."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()
