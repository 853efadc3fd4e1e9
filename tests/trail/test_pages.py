"""The trail's page: every act, filtered, for those who may read it."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from team.models import User
from trail.operations import record

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def reader(client):
    user = User.objects.create_user(email="reader@northwind.example", name="Rita Reader")
    user.user_permissions.add(Permission.objects.get(codename="view_trail"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def test_acts_are_listed_with_what_they_changed(client, reader):
    other = User.objects.create_user(email="o@northwind.example", name="<b>Otto</b>")
    record("user.renamed", other, actor=reader, at=NOW, changes={"name": ("Old", "New")}, why="asked")
    record("user.forgotten", other, actor=None, at=NOW)

    page = client.get(reverse("trail:list"), {"fact": "user.renamed"}).content.decode()

    assert ">User renamed</a>" in page
    assert "user.renamed</small>" in page
    assert "user.forgotten" not in page
    assert "<del>Old</del> New" in page
    assert "asked" in page
    assert "<b>Otto</b>" not in page


def test_the_trail_is_closed_to_others(client):
    user = User.objects.create_user(email="x@northwind.example", name="X")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(reverse("trail:list")).status_code == 403
    assert client.post(reverse("trail:list")).status_code in {403, 405}
