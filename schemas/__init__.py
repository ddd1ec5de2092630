"""What travels and what is stored: topics, messages, envelopes and index templates."""
