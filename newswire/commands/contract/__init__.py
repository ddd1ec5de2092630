"""`newswire contract`: what a change breaks, and whether a consumer can live with all we may send."""
