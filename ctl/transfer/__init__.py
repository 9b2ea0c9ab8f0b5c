"""One transfer: its settings, its plan, its stages."""
