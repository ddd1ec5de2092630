"""The machinery: settings, runner, clients, crawl, the embedded servers and the demo."""

__version__ = "0.1.0"
