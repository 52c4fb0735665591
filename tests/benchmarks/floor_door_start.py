"""Floor of a door's start: to import pygame and open a window."""

import sys

import pygame

pygame.display.init()
screen = pygame.display.set_mode((int(sys.argv[1]), int(sys.argv[2])))
screen.fill((0, 90, 50))
pygame.display.update()
print("drawn", flush=True)
sys.stdin.read()
