"""The front desk's console: what it knows and says (`desk`), how it is connected, how it is typed.

From the middle to the rim: `words`, `typed`, `feed`, `told`, `room` and `effects`; `known` and
`questions`, joined in `session`; `commands` and `news`, joined in `desk`. All of these are pure;
`line` is the connection, `terminal` the screen.
"""
