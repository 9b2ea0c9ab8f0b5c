"""A trained tagger on running text."""
