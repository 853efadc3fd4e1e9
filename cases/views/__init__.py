"""Pages of collection work."""
