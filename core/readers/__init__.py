"""Files of drawings, one module per format; `open_sketches` picks the reader."""

from core.readers.detect import open_sketches
from core.readers.record import SketchRecord

__all__ = ["SketchRecord", "open_sketches"]
