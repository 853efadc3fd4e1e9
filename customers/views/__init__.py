"""The pages of customers, by what they are about."""

from customers.views import _changes as changes
from customers.views import _people as people
from customers.views import _records as records
from customers.views import _requirements as requirements

__all__ = ["changes", "people", "records", "requirements"]
