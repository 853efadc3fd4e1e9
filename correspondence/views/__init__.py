"""Staff's pages on what we write to customers: outgoing mail, links, message texts."""
