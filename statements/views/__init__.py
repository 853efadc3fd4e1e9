"""Pages of statements: reading and making, sending, and how often they go out."""
