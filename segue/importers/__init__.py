"""Foreign files into dataset folders, one module for each source; each says what it keeps, drops and counts.

Knows files and rows; nothing here reaches over the network.
"""
