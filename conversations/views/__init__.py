"""Pages of conversations: the inbox, one thread, notes on any record, and the door for mail."""
