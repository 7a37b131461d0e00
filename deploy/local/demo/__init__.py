"""`make demo`: people listen, edit playlists and talk to a stack of its own. Talks to it as any application would."""
