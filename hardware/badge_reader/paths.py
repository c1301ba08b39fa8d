"""Which reader a path names."""

from hardware.badge_reader.port import BadgeReader

PCSC = "pcsc:"


def open(path: str) -> BadgeReader:
    """The reader at `pcsc:0`, or at one of the paths of `nfc.open`. ReaderGoneError; ValueError for no path."""
    if path.startswith(PCSC):
        from hardware.badge_reader import pcsc

        return pcsc.open(path)
    from hardware.badge_reader import nfc

    return nfc.open(path)
