"""The running school: everything that has a Pykka thread."""
