"""What the tests of the API stand on."""

import pytest

from tests.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    """A company with its people, on a database that forgets."""
    return make_world()
