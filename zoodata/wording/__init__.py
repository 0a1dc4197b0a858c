"""Sentences: typed findings, warnings, obstacles and reasons in words, one module for each kind of thing.

Records and rankings hold codes and values; the command line and the site both take their words from here. Nothing
reads these sentences back.
"""
