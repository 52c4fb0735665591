"""Floor of a door's memory, and of its start: pygame, a window and a line of text in it."""

import sys

import pygame

pygame.display.init()
pygame.font.init()
screen = pygame.display.set_mode((int(sys.argv[1]), int(sys.argv[2])))
screen.fill((0, 90, 50))
screen.blit(pygame.font.Font(None, 80).render("Libre", True, (255, 255, 255)), (20, 20))
pygame.display.update()
print("drawn", flush=True)
sys.stdin.read()
