"""Contested amounts of invoices."""
