"""Dialogues made from playlists and a catalogue, for where real ones are few: plans that are true, words that vary.

Needs neither torch nor a network; only `endpoint.py` opens connections, and only to the address it is given. The way in
is `dialogues.synthesise`.
"""
