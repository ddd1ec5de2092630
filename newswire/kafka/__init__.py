"""Everything that speaks Kafka: clients, publishing, topic administration, reading, lag, dead letters, large bodies."""
