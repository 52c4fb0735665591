"""What happened, how it is stored, how it travels, what it adds up to.

The lowest package: it imports nothing of ours, and has no threads and no actors. This module
re-exports only what needs no database, so that a door can import it.
"""
