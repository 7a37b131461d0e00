"""Makes the virtual environment from requirements.lock. Knows Python, pip and uv, and nothing about what Segue does.

Uses the standard library alone, in syntax that old interpreters read too, so that the wrong one can say so.
"""
