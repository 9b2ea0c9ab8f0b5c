"""Language models that answer: prompts, tokens, decoding, free answers, endpoints."""
