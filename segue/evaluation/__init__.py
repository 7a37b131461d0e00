"""How good a ranking is: metrics, baselines, and next-track evaluation on held-back positions.

Knows rankings and histories; trains nothing.
"""
