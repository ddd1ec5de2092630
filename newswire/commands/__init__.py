"""The click commands of `newswire`; nothing imports this package."""
