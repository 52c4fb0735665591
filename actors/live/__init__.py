"""The live channel: the loop that moves messages, and what one client may say."""
