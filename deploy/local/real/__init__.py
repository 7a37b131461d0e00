"""`make demo-real`: learn real playlists up to a day, live through the weeks after it, be measured on their ends."""
