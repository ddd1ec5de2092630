"""Read the body of an article: several readers, and what belongs to the text."""
