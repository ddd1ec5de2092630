"""Takedowns: their record in the crawl state, the list that stages check, and the steps of taking down and undoing."""
