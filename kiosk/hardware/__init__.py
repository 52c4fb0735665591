"""What hangs at a door beside its screen: button, light, buzzer, sensors, the display's light.

Pure are `debounce`, `lamp`, `sound` and `thin`; the others are thin shells around gpiozero, a serial
line and sysfs. `fittings` runs all of them.
"""
