"""Draws one screen of the story: `python -m tests.kiosk.drawn SCENE LANGUAGE PATH`.

In a process of its own, because what a font has written before may move the words after it by a pixel. That there
is no window is said by the environment (`conftest.py`).
"""

import sys
from pathlib import Path

from kiosk.pictures import scenes, take_one

SIZE = (800, 480)


def main(name: str, language: str, path: str) -> None:
    """Draw it."""
    scene = next(scene for scene in scenes() if scene.name == name)
    take_one(scene.act, SIZE, Path(path), language)


if __name__ == "__main__":
    main(*sys.argv[1:])
