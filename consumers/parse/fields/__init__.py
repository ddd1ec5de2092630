"""Read the fields around the body: titles, authors, dates, language, canonical URL, rights."""
