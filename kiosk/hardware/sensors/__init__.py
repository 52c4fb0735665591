"""Optional sensors at a door: each is a small plug-in behind one interface, `plug.Sensor`.

A package of anybody's brings a kind of its own by an entry point in the group ``toctoc.sensors``,
whose name is the kind and which loads a `kiosk.hardware.sensors.plug.Make`::

    [project.entry-points."toctoc.sensors"]
    lidar = "school_lidar:make"

What it measures has to be one of the inputs that a door knows: `MotionFelt` or `AirFelt`.
"""
