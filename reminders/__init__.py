"""The ladder: what is decided each day for each invoice, and what was sent."""
