"""pygame, imported after SDL has been told what it reads when it starts.

Everything here imports pygame from this module.
"""

from __future__ import annotations

import os
import sys

# Whoever set one of these already knows better.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
if os.environ.get("SDL_VIDEODRIVER", "x11" if os.environ.get("DISPLAY") else "") == "x11":
    # On X11 without a GPU an accelerated framebuffer makes an update 160 times dearer and costs 108 MiB.
    # Under Wayland and KMSDRM SDL has no other: without it no window opens there.
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
# With libdecor the first window under cage 0.2 never opens.
os.environ.setdefault("SDL_VIDEO_WAYLAND_ALLOW_LIBDECOR", "0")

# What pygame does not find it does without: sound with its twenty libraries, a font and an icon of its
# own, the clipboard, reports of itself. That is a third of its memory (4.5 MiB) and half of its start.
for _unused in ("mixer", "mixer_music", "pkgdata", "scrap", "system", "_debug"):
    sys.modules.setdefault(f"pygame.{_unused}", None)  # type: ignore[arg-type]  # there is no such module

import pygame  # noqa: E402  # SDL and pygame have been told now

__all__ = ["pygame"]
