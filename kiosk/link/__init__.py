"""The door's line to the server: `link`, the thread and its connections, one after the other.

In a connection `entry` shows who the door is and `delivery` says what waits until the server has
answered; `pauses` says how long to wait for the next one.
"""
