"""Plain runs side by side: read, told apart by their settings, compared."""
