"""How often one person may take lists out of the house."""

from core.limits import refuse_beyond
from team.models import User

MOST = 20
SECONDS = 600


def count_export(person: User) -> None:
    """One more list leaves; from the twenty-first in ten minutes on it is refused (429)."""
    refuse_beyond(
        MOST,
        seconds=SECONDS,
        of="export",
        who=person.pk,
        said=f"You took {MOST} lists in the last minutes. More of them at once is not usual work.",
    )
