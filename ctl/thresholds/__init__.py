"""More entities, or more certain ones, from the same distributions, and what that costs."""
