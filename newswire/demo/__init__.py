"""The demo: a fictional press on loopback with known content, crawled by the whole pipeline and compared."""
