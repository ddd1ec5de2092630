"""The web application itself: routing, security headers, error pages, documentation."""
