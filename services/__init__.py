"""What runs: gateway, sessions and track_tokens, each a process; `runtime` is what they share."""
