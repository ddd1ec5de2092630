"""Bodies too large for a message: a content-addressed store on disk, and the way from a page's body to its bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
import zstandard

from newswire.errors import NewswireError
from newswire.settings import Settings
from schemas.messages import FetchedPage
from schemas.topics import FETCHED_PAGES, dead_letters_of

log = structlog.get_logger()

# Dead letters of parse refer to them for longest; a day more, as retention is not to the minute.
BODIES_KEPT: Final = timedelta(
    days=1 + max(topic.retention_days or 0 for topic in (FETCHED_PAGES, dead_letters_of("parse")))
)
_REF: Final = re.compile(r"[0-9a-f]{64}")


class BlobMissingError(NewswireError):
    """A message names a blob that the store does not have."""


class BodyError(NewswireError):
    """A body unpacks to more than `max_body_bytes`, or is not a whole zstd frame."""


class BlobStore:
    """Files named by the SHA-256 of what they hold: writing the same bytes twice changes nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        """Store bytes durably and return their reference."""
        ref = hashlib.sha256(content).hexdigest()
        path = self._path(ref)
        if path.exists():
            path.touch()  # a page that was just fetched refers to it
            return ref
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when complete: a reader never sees half a body, and two writers cannot mix theirs.
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(draft).unlink()
            raise
        return ref

    def get(self, ref: str) -> bytes:
        """Return the bytes; raises BlobMissingError where they are not there or are no longer what they were."""
        try:
            content = self._path(ref).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissingError(f"blob {ref} is not in {self._root}; fetch the page again") from error
        if hashlib.sha256(content).hexdigest() != ref:
            raise BlobMissingError(f"blob {ref} in {self._root} is damaged; delete it and fetch the page again")
        return content

    def delete(self, ref: str) -> bool:
        """Delete a blob and return whether it was there."""
        try:
            self._path(ref).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_empty(self) -> bool:
        """Return whether the store has no blob."""
        return next(self._root.glob("??/*"), None) is None

    def expire(self, before: float) -> int:
        """Delete what was last stored before a POSIX time, and return the number of blobs."""
        expired = [path for path in self._root.glob("??/*") if path.stat().st_mtime < before]
        for path in expired:
            path.unlink(missing_ok=True)
        return len(expired)

    def _path(self, ref: str) -> Path:
        if not _REF.fullmatch(ref):
            raise BlobMissingError(f"{ref[:80]!r} is not a blob reference")
        return self._root / ref[:2] / ref


def blob_store(settings: Settings) -> BlobStore:
    """Return the store of this installation."""
    return BlobStore(settings.state_dir / "blobs")


def expire_bodies(settings: Settings, now: datetime | None = None) -> int:
    """Delete the stored bodies that no record refers to any more; return their number. A DAG calls it."""
    oldest = (now or datetime.now(UTC)) - BODIES_KEPT
    count = blob_store(settings).expire(oldest.timestamp())
    log.info("bodies.expired", count=count)
    return count


def pack_body(body: bytes) -> bytes:
    """Compress a response body for travel."""
    return zstandard.ZstdCompressor(level=6, write_checksum=True).compress(body)


def read_body(page: FetchedPage, settings: Settings) -> bytes:
    """Return a page's body as the site sent it, wherever it travelled; raises BlobMissingError or BodyError."""
    packed = page.body if page.body is not None else blob_store(settings).get(page.body_ref or "")
    try:
        # The header's size is the sender's word: reading one byte past the limit is the check.
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed) as reader:
            body = reader.read(settings.max_body_bytes + 1)
        promised = zstandard.frame_content_size(packed)
    except zstandard.ZstdError as error:
        raise BodyError(f"the body of {page.url} is not zstd: {error}") from error
    if len(body) < min(promised, settings.max_body_bytes):
        raise BodyError(f"the body of {page.url} is cut off")
    if len(body) > settings.max_body_bytes:
        raise BodyError(f"the body of {page.url} unpacks to more than {settings.max_body_bytes} bytes")
    return body
