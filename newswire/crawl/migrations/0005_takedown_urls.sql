-- All addresses that show an article taken down: discover and fetch look them up, and an undo makes them due.
-- depends: 0004_takedowns

ALTER TABLE takedowns ADD COLUMN url_ids text[] NOT NULL DEFAULT '{}';
UPDATE takedowns SET url_ids = ARRAY[article_id, url_id];
CREATE INDEX takedowns_urls ON takedowns USING gin (url_ids) WHERE undone_at IS NULL;
