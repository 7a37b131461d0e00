"""The dialogue protocol: what was asked for in a conversation, what each system would have shown, by turn.

Knows dialogues and tracks; needs no trained checkpoint.
"""
