"""The front desk's console: what it knows and says (`model`), how it is typed, how it is connected.

`model`, `told`, `typed` and `feed` are pure; `line` is the connection, `terminal` the screen.
"""
