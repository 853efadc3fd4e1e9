"""Statements of account, kept as they were sent."""
