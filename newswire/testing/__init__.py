"""The test equipment: an in-memory broker, a frozen clock, a news site, a crawl state."""
