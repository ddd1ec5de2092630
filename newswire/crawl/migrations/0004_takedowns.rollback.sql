UPDATE urls SET state = 'refused', reason = 'taken-down' WHERE state = 'taken-down';
ALTER TABLE urls DROP CONSTRAINT urls_state_check;
ALTER TABLE urls ADD CONSTRAINT urls_state_check CHECK (state IN (
    'discovered', 'fetched', 'parsed',
    'indexed', 'unchanged', 'rejected', 'dead-lettered', 'gone', 'refused', 'failed'));
DROP TABLE takedowns;
