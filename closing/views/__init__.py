"""Pages of month ends."""
