"""The pages of the door's screen, panel by panel: from a `scene.Scene` to `kiosk.picture` panels."""
