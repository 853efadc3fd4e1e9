"""Asking for what is owed: reminders, promises, plans."""
