"""What language models need: prompts, tokens, decoding, free answers, endpoints."""
