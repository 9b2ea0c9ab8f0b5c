"""Modules that weigh the sources by raw text."""
