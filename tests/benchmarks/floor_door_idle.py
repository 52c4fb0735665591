"""Floor of a door that nobody touches: a window and a loop on ``pygame.event.wait``."""

import sys

import pygame

pygame.display.init()
screen = pygame.display.set_mode((int(sys.argv[1]), int(sys.argv[2])))
screen.fill((0, 90, 50))
pygame.display.update()
print("drawn", flush=True)
while pygame.event.wait().type != pygame.QUIT:
    pass
