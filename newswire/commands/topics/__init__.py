"""`newswire topics`: list, describe, read and write the topics."""
