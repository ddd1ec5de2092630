"""The terminal: text from the web made safe to print, as a title must not move its cursor, and who sits at it."""

from __future__ import annotations

import getpass

from newswire.errors import ConfigError

CONTROLS = (*range(0x20), *range(0x7F, 0xA0))  # C0, DEL and C1: 0x9b alone begins an escape sequence
LINES = (0x09, 0x0A)
DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # overrides and isolates of bidirectional text
_ESCAPES = {code: f"\\u{code:04x}" for code in (*CONTROLS, *DIRECTIONS) if code not in LINES}


def printable(text: str) -> str:
    r"""Return the text with control characters written out as \uXXXX; tabs and line ends stay.

    JSON stays the same JSON: there, such characters can only stand inside strings.
    """
    return text.translate(_ESCAPES)


def one_line(text: str) -> str:
    """Return printable text with every run of white space as one blank."""
    return printable(" ".join(text.split()))


def user_name() -> str:
    """Return who runs the command. Raises ConfigError where the user has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise ConfigError("the user who runs this has no name here; name somebody with --by") from error
