-- The crawl state: what is known of feeds, hosts and addresses.
-- depends:

CREATE TABLE hosts (
    host text PRIMARY KEY,
    next_request_at timestamptz NOT NULL DEFAULT '-infinity',
    robots_text text,          -- NULL: there is none, or it could not be read
    robots_status int,         -- of the answer; NULL: none came
    robots_expires_at timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE TABLE feeds (
    url text PRIMARY KEY,
    source text NOT NULL,
    etag text,
    last_modified text,
    content_sha256 text,
    polls int NOT NULL DEFAULT 0,
    polled_at timestamptz,
    next_poll_at timestamptz NOT NULL DEFAULT '-infinity',
    changed_at timestamptz,    -- when it last had an address that was new to us
    status int,
    error text,
    errors int NOT NULL DEFAULT 0,  -- in a row
    entries int NOT NULL DEFAULT 0,
    new_entries int NOT NULL DEFAULT 0
);

CREATE TABLE urls (
    url_id text PRIMARY KEY,
    url text NOT NULL,
    host text NOT NULL,
    source text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'discovered', 'fetched', 'parsed',
        'indexed', 'unchanged', 'rejected', 'dead-lettered', 'gone', 'refused', 'failed')),
    reason text,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    found_in text NOT NULL,    -- the feed, sitemap or page that named it first
    entry jsonb NOT NULL DEFAULT '{}',
    changed_at timestamptz,    -- as the list says

    next_attempt_at timestamptz DEFAULT now(),  -- NULL: nothing is due
    lease_until timestamptz,
    attempts int NOT NULL DEFAULT 0,
    is_changed boolean NOT NULL DEFAULT false,  -- the list says so: ask without validators

    first_fetched_at timestamptz,
    fetched_at timestamptz,
    status int,
    etag text,
    last_modified text,
    body_sha256 text,

    article_id text,
    version int,
    indexed_fetch_at timestamptz  -- the newest fetch that has become searchable
);
CREATE INDEX urls_due ON urls (host, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX urls_by_source ON urls (source, state);
CREATE INDEX urls_in_flight ON urls (first_seen_at) WHERE state IN ('discovered', 'fetched', 'parsed');
CREATE INDEX urls_by_article ON urls (article_id) WHERE article_id IS NOT NULL;

CREATE TABLE indexed_articles (
    article_id text PRIMARY KEY,
    version int NOT NULL
);
