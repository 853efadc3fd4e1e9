"""Files people brought and have not imported yet: private, by person, with names nobody can guess."""

import re
import secrets
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404

from team.models import User

_TOKEN = re.compile(r"[0-9a-f]{32}")


def keep(file: "UploadedFile[bytes]", user: User) -> str:
    """Store an upload; returns the token it is found by."""
    token = secrets.token_hex(16)
    path = _folder(user) / f"{token}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as kept:
        for piece in file.chunks():
            kept.write(piece)
    path.chmod(0o600)
    return token


def find(token: str, user: User) -> Path:
    """The kept file; 404 when it is somebody else's or gone."""
    path = _folder(user) / f"{token}.csv"
    if not _TOKEN.fullmatch(token) or not path.is_file():
        raise Http404("This file is not here any more. Bring it again.")
    return path


def drop(token: str, user: User) -> None:
    """Remove it; it was imported or refused."""
    if _TOKEN.fullmatch(token):
        (_folder(user) / f"{token}.csv").unlink(missing_ok=True)


def _folder(user: User) -> Path:
    return Path(settings.MEDIA_ROOT) / "imports" / str(user.pk)
