"""Optimistic locking over HTTP: ETag says which version was read, If-Match which one is edited."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request

from core.rest.problems import BadRequest, VersionNeeded

_TAG = re.compile(r'"v(\d{1,9})"', re.ASCII)


def etag(row: Any) -> str:
    """The version of a row with `lock_version`."""
    return f'"v{row.lock_version}"'


def expected(request: Request, *, required: bool = False) -> int | None:
    """The version in If-Match. Missing it is 428 where an edit needs it; anything but one ETag is 400."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        if required:
            raise VersionNeeded(
                "An edit says which version it is based on.",
                field="If-Match",
                rule="an_edit_names_its_version",
                mend='Read the record and send its ETag in the header If-Match, like "v3".',
            )
        return None
    found = _TAG.fullmatch(header)
    if found is None:
        raise BadRequest(
            f"“{header[:40]}” is not a version of ours.",
            field="If-Match",
            rule="a_version_is_an_etag",
            mend='Send the ETag as it was received, like "v3".',
        )
    return int(found[1])
