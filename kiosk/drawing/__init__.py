"""How a picture is described (`picture`, `palette`), drawn (`screen`, `typesetter`, `shapes`) and shown."""
