"""Who is told of what: the protocol, notices that must be read, watched records."""
