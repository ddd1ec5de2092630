"""Bodies off the message: what is put can be got, and nothing else."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from newswire.kafka.body_store import (
    BODIES_KEPT,
    BlobMissingError,
    BlobStore,
    BodyError,
    blob_store,
    expire_bodies,
    pack_body,
    read_body,
)
from newswire.settings import Settings
from schemas.messages import FetchedPage

NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)


def page(**changes):
    return FetchedPage(
        **{"url_id": "0" * 32, "url": "https://example.com/a", "final_url": "https://example.com/a", "source": "a",
           "outlet": "A", "host": "example.com", "fetched_at": NOW, "first_seen_at": NOW, "status": 200, "body": None,
           "body_bytes": 1, "body_sha256": "0" * 64} | changes
    )  # fmt: skip


def test_a_blob_comes_back_and_is_stored_once(tmp_path):
    """The reference is the content's hash; a second put writes no second file."""
    store = BlobStore(tmp_path)
    ref = store.put(b"body")
    assert store.put(b"body") == ref
    assert store.get(ref) == b"body"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [ref]


@pytest.mark.parametrize("ref", ["", "../../etc/passwd", "0" * 64, "a/b"])
def test_what_is_no_blob_is_missing(tmp_path, ref):
    """A reference from a message cannot leave the store."""
    with pytest.raises(BlobMissingError):
        BlobStore(tmp_path).get(ref)


def test_a_damaged_blob_is_not_handed_out(tmp_path):
    """A file that no longer hashes to its name is as good as gone."""
    store = BlobStore(tmp_path)
    ref = store.put(b"body")
    (tmp_path / ref[:2] / ref).write_bytes(b"other")
    with pytest.raises(BlobMissingError, match="damaged"):
        store.get(ref)


def test_a_body_is_read_wherever_it_travelled(tmp_path):
    """Inline or by reference, the page's body is the site's."""
    settings = Settings(state_dir=tmp_path)
    packed = pack_body(b"<p>text</p>")
    ref = blob_store(settings).put(packed)
    assert read_body(page(body=packed), settings) == b"<p>text</p>"
    assert read_body(page(body_ref=ref), settings) == b"<p>text</p>"


@pytest.mark.parametrize("packed", [pack_body(bytes(20_000)), b"no zstd", pack_body(os.urandom(50))[:-9]])
def test_a_body_that_lies_is_refused(tmp_path, packed):
    """A zstd bomb, and bytes that are no whole zstd frame, do not get through."""
    with pytest.raises(BodyError):
        read_body(page(body=packed), Settings(state_dir=tmp_path, max_body_bytes=10_000))


def test_a_body_is_kept_for_as_long_as_a_record_may_refer_to_it(tmp_path):
    """A page that is fetched again with the same body keeps it; dead letters of parse are kept for 30 days."""
    settings = Settings(state_dir=tmp_path)
    store = blob_store(settings)
    old, again, new = (store.put(text) for text in (b"old", b"again", b"new"))
    fetched = NOW.timestamp()
    for ref in (old, again, new):
        os.utime(tmp_path / "blobs" / ref[:2] / ref, (fetched, fetched))
    store.put(b"again")
    assert dt.timedelta(days=30) < BODIES_KEPT < dt.timedelta(days=32)
    os.utime(tmp_path / "blobs" / new[:2] / new, (fetched + 1, fetched + 1))
    touched = (tmp_path / "blobs" / again[:2] / again).stat().st_mtime
    assert touched != fetched
    os.utime(tmp_path / "blobs" / again[:2] / again, (fetched + 1, fetched + 1))
    assert expire_bodies(settings, NOW + BODIES_KEPT) == 0
    assert expire_bodies(settings, NOW + BODIES_KEPT + dt.timedelta(seconds=0.5)) == 1
    assert (store.get(again), store.get(new)) == (b"again", b"new")
    with pytest.raises(BlobMissingError):
        store.get(old)
