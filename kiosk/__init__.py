"""The gateway's clients: the door with its screen and button, and what asks like one."""
