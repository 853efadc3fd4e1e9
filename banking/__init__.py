"""What our banks say arrived: statements as they sent them, and which receipt each line became."""
