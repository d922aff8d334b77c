"""Files of drawings, one module per format; `open_sketches` picks the reader."""

from core.readers.detect import open_sketches
from core.readers.record import SketchRecord
from core.readers.sources import Source, find_sources

__all__ = ["SketchRecord", "Source", "find_sources", "open_sketches"]
