"""How often one person may have something that costs the house much, counted in the cache."""

from django.core.cache import cache

from core.errors import TooMany


def refuse_beyond(most: int, *, seconds: int, of: str, who: int, said: str) -> None:
    """Count one use of `of` by the person `who`; from the one after `most` within `seconds` on: `TooMany`.

    The window begins with the first use and ends by itself, so a refused try does not make it longer.
    """
    key = f"limit:{of}:{who}"
    if cache.add(key, 1, seconds):
        return
    try:
        used = cache.incr(key)
    except ValueError:  # it ended between the two
        cache.set(key, 1, seconds)
        return
    if used > most:
        minutes = max(1, seconds // 60)
        raise TooMany(
            said,
            rule="not_too_often",
            mend=f"Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again.",
        )
