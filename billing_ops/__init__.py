"""Settings, addresses, jobs and engines: knows every app, known by none."""

__version__ = "0.1.0"
