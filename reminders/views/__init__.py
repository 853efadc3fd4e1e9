"""The pages of reminders, one file per screen."""
