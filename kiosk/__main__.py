"""`python -m kiosk --demo --screenshot DIR`: pictures of every screen. `lisiere` starts the kiosk itself."""

import argparse
from pathlib import Path


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(prog="python -m kiosk", description=__doc__)
    parser.add_argument("--demo", action="store_true", required=True, help="the fixed story")
    parser.add_argument("--screenshot", type=Path, metavar="DIR", required=True, help="where the pictures go")
    parser.add_argument("--size", type=_size, default=(1280, 800), metavar="WxH", help="the screen, in pixels")
    parser.add_argument("--lang", default="fr", metavar="LANG", help="fr, de, en, gsw_FR, tr or ar")
    arguments = parser.parse_args()
    from kiosk.pictures import take

    for path in take(arguments.screenshot, arguments.size, arguments.lang):
        print(path)


def _size(text: str) -> tuple[int, int]:
    width, by, height = text.partition("x")
    if not (by and width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text}: to be like 1280x800")
    return int(width), int(height)


if __name__ == "__main__":
    main()
