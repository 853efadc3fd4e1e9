"""These tests begin before any rate was entered."""

import pytest

from catalogue.models import TaxRate


@pytest.fixture(autouse=True)
def _no_rates(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("db")
        TaxRate.objects.all().delete()
