"""What customers write to us and what we answer, and the notes of colleagues about it."""
