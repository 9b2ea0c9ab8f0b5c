"""A chat model behind an endpoint: its settings, a client that trusts no server, a cache, and the cost."""
