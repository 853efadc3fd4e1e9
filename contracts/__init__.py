"""What was agreed and is billed again and again."""
