"""Reading what zoos publish: from a checkout of their repository, or from a table that somebody curated."""
