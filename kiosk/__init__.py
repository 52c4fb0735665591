"""The gateway's clients: the door with its screen and button, and what asks like one."""

import os

# pygame prints a greeting when it is imported; a door's standard output belongs to its driver.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
