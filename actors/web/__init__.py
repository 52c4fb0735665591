"""What is served beside the live channel: the board, the desk's page, feeds, health, and any past instant."""
