"""The JSON store: where records lie, how they are read, written, checked and handed out."""
