"""What a listener asks for, read from what was said: wishes, the names in them, and how they outlast a turn.

Pure: text, names and earlier lists in, wishes out. Knows no model, no scores and no broker.
"""
