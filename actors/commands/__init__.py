"""The server's commands: one runs it, the others speak to the one that runs."""
