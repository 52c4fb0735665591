"""The pages of the door's screen, panel by panel: from a `scene.Scene` to `kiosk.drawing.picture` panels."""
