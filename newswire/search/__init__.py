"""The one way to ask the index: `finding` searches, `reading` opens what was found; commands and pages use it."""
