"""What a verified tap costs: a card in software, on a PN532's chip in software, under nfcpy's real driver."""

import os
import time
from statistics import median
from typing import Any

from hardware.badge_reader import nfc
from hardware.badge_reader.keys import Master
from hardware.badge_reader.presence import Presence
from hardware.badge_reader.simulated.cards import Ntag424
from hardware.badge_reader.simulated.pn532 import Pn532
from hardware.badge_reader.tap import turn
from lisiere.bench.timing import Counts, Progress

UID = "04A1B2C3D4E5F6"
BITS_AN_OCTET, BAUD = 10, 115_200


def measure(counts: Counts, progress: Progress) -> dict[str, Any]:
    """Host commands and bytes on the serial line of one tap, what they take on the wire, and this computer's time
    for reader, chip and card together."""
    master = Master(os.urandom(16), os.urandom(8))
    chip = Pn532()
    chip.cards = [Ntag424(bytes.fromhex(UID), tuple(master.key(UID, number) for number in range(5)))]
    reader = nfc.open(chip.path)
    spent: list[float] = []
    for done in range(counts.taps):
        spent.append(_tap(reader, master))
        progress(done + 1, counts.taps)
    commands, octets = _counted(reader, chip, master)
    reader.close()
    chip.unplug()
    return {
        "host_commands": commands,
        "uart_bytes": octets,
        "wire_ms": round(octets * BITS_AN_OCTET / BAUD * 1000, 1),
        "cpu_ms": round(median(spent) * 1000, 2),
    }


def _tap(reader: nfc.NfcReader, master: Master) -> float:
    """Seconds of this process for one verified tap."""
    began = time.process_time()
    reading = turn(reader, Presence(), master.key_for, lambda: None)
    assert reading is not None and reading.verified
    return time.process_time() - began


def _counted(reader: nfc.NfcReader, chip: Pn532, master: Master) -> tuple[int, int]:
    chip.commands.clear()
    chip.octets = 0
    _tap(reader, master)
    return len(chip.commands), chip.octets
