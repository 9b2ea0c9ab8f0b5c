"""Families of artificial languages, at distances that are set and not hoped for."""
