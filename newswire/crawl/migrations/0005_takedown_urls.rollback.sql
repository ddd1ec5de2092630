DROP INDEX takedowns_urls;
ALTER TABLE takedowns DROP COLUMN url_ids;
