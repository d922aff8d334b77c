"""What the mouse does, said in one place: for hints, tooltips and the sheet of keys."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gesture:
    """Something a hand can do."""

    where: str
    how: str
    what: str


ZOOM = Gesture("Map", "Wheel", "zoom")
PAN = Gesture("Map", "Middle button, Space", "drag to move the map")
GESTURES = (
    Gesture("Map", "Click", "draw what is there"),
    Gesture("Map", "Drag", "draw all along the way"),
    ZOOM,
    PAN,
    Gesture("Map", "Space alone", "draw the same code again"),
    Gesture("Map", "Arrow keys", "move the map"),
    Gesture("Map", "Stay on a point", "see its drawing"),
    Gesture("Map", "Ctrl+drag a point", "carry its code to the bench"),
    Gesture("Path tool", "Drag", "a path from here to there"),
    Gesture("Path tool", "Click", "add a point"),
    Gesture("Path tool", "Drag a point", "move it"),
    Gesture("Path tool", "Drag the line", "put a point in"),
    Gesture("Path tool", "Right click, Delete", "take a point out"),
    Gesture("Film", "Space", "play or pause"),
    Gesture("Film, lists, sketch", "Drag out", "carry the code to the bench"),
    Gesture("Sketch", "Stay on a point", "see what the model attended to"),
    Gesture("Select tool", "Drag", "select what is inside"),
    Gesture("Select tool", "Shift, Ctrl", "add, subtract"),
    Gesture("Legend", "Click", "hide or show a class"),
    Gesture("Legend", "Double or Alt click", "show it alone"),
    Gesture("Pins, groups", "Delete", "forget it"),
    Gesture("Window", "Drop files", "open them"),
)
WELCOME = (
    "Click or drag on the map: the model draws what is there.",
    "Choose Path (P) and drag: the sketches along the way appear below.",
    "Pin codes (Ctrl+D) and calculate with them: a - b + c. All keys: ?",
)
"""For the first start."""
CAMERA_HINT = f"{ZOOM.how}: {ZOOM.what}. {PAN.how}: {PAN.what}."
