"""What may be typed after a slash: each command's usage, completion and handler stand together.

`table` joins them and is what the rest of the desk asks. Pure.
"""
