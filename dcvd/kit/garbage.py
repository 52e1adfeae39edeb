"""The garbage collection of a program that runs for long."""

import gc
from typing import Final

_YOUNG_OBJECTS: Final = 5_000
"""So many new objects are looked at together. A step of many rows makes thousands and soon lets them go: with Python's
own 700, each is looked at several times meanwhile, which took a fifteenth of the time of such a step."""


def settle_garbage_collection() -> None:
    """Collect what the start of the program has left, and leave alone from now on what it has made.

    That stays for good, and each collection of it would stop the event loop for some fifty milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
