"""Which reader a path names."""

from hardware.badge_reader.isodep import PATIENCE_S
from hardware.badge_reader.port import BadgeReader

PCSC = "pcsc:"


def open(path: str, patience_s: float = PATIENCE_S) -> BadgeReader:
    """The reader at `pcsc:0`, or at one of the paths of `nfc.open`. ReaderGoneError; ValueError for no path.

    `patience_s`: how long a card may take in all, on readers where that is ours to say.
    """
    if path.startswith(PCSC):
        from hardware.badge_reader import pcsc

        return pcsc.open(path)
    from hardware.badge_reader import nfc

    return nfc.open(path, patience_s)
