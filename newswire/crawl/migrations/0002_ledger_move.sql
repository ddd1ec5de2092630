-- A move of the ledger, as the shape of the JSON that it sends.
-- depends: 0001_crawl_state

CREATE TYPE ledger_move AS (
    url_id text, fetched_at timestamptz, state text, reason text, article_id text, version int
);
