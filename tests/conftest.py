"""What every test gets without asking."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
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


@pytest.fixture(autouse=True)
def _moment() -> Iterator[None]:
    """`TEST_CLOCK=2027-03-28T00:30Z ./dev test -m "not browser"`: the suite must not care when it runs.

    Worth a try around midnight, month's end and a change of clocks. Only the tests' own process is moved:
    what waits for a real worker (tests/crash, sending for real) is left out.
    """
    if at := os.environ.get("TEST_CLOCK"):
        with time_machine.travel(at):
            yield
    else:
        yield
