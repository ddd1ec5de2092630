DROP TABLE indexed_articles;
DROP TABLE urls;
DROP TABLE feeds;
DROP TABLE hosts;
