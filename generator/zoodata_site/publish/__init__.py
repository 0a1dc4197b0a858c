"""What the site hands to programs and other sites: the JSON API, downloads, feed, badges, search index, llms.txt."""
