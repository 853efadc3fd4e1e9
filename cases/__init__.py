"""Collection work: cases, worklist, contacts, promises, plans, hand-over."""
