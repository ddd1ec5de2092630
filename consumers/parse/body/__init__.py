"""The body of an article: several readings and what belongs to the text."""
