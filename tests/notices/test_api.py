"""Notices over the API: one's own alone, confirmed once."""

import pytest
from django.utils import timezone

from notices.models import Notice
from tests.api.client import Api, refused
from tests.world import make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


def test_own_notices_are_read_and_confirmed():
    world = make_world()
    notice = Notice.objects.create(
        person=world.clerk,
        entry=Entry.objects.latest("id"),
        title="Terms changed",
        diff=[["Due", "30 days", "14 days"]],
        must_read=True,
        made_at=timezone.now(),
    )
    api, other = Api(world.clerk), Api(world.lead)

    [row] = api.get("notices/?waiting=true")["items"]
    assert row["diff"] == [["Due", "30 days", "14 days"]]
    assert other.get("notices/")["items"] == []
    refused(other.send("POST", f"notices/{notice.pk}/acknowledge/", {}), 404)
    notice.refresh_from_db()
    assert notice.acknowledged_at is None

    assert api.post(f"notices/{notice.pk}/acknowledge/", {})["acknowledged_at"]
    api.post(f"notices/{notice.pk}/acknowledge/", {})
    assert api.get("notices/?waiting=true")["items"] == []
    assert Entry.objects.filter(fact="notice.acknowledged").count() == 1
