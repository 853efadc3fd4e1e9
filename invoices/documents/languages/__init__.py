"""The words of a document, one file per language, all with the same keys and placeholders."""
