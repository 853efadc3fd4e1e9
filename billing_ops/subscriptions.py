"""Who hears of which recorded fact: fact name -> names of the tasks that get its `entry_id`.

A task is called at least once, in no promised order, and is safe to run twice.
"""

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {}
