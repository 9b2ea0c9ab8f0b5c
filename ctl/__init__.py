"""Cross-lingual teacher learning: a named-entity tagger for a language without labelled data."""
