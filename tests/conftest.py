"""What every test gets without asking."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests import plugin

# A slow machine is no fault of the code: properties are judged by their examples, not by the clock.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """This worker's clone of the migrated template. A plugin could not replace the one of pytest-django."""
    with django_db_blocker.unblock(), plugin.databases():
        yield
