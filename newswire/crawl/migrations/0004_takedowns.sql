-- Articles taken down: the record of who did it, when and why, without content; and the state of their addresses.
-- depends: 0003_held_turns

CREATE TABLE takedowns (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id text NOT NULL,
    url_id text NOT NULL,
    url text NOT NULL,
    reason text NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    undone_by text,
    undone_at timestamptz      -- NULL: in force
);
CREATE UNIQUE INDEX takedowns_in_force ON takedowns (article_id) WHERE undone_at IS NULL;

ALTER TABLE urls DROP CONSTRAINT urls_state_check;
ALTER TABLE urls ADD CONSTRAINT urls_state_check CHECK (state IN (
    'discovered', 'fetched', 'parsed',
    'indexed', 'unchanged', 'rejected', 'dead-lettered', 'gone', 'refused', 'failed', 'taken-down'));
