"""The Pi's own pin as a relay's: its number, what pulls on it while the Pi starts, and what outlives its keeper."""

import re
import shutil
import subprocess
from pathlib import Path

from hardware.pins import output_pin
from lisiere.doctor.finding import Finding, attention, bad, ok

TOPIC = "relay"
MODEL = "proc/device-tree/model"
CONFIG = ("boot/firmware/config.txt", "boot/config.txt")
PERSIST = "sys/module/{driver}/parameters/persist_gpio_outputs"
DRIVERS = ("pinctrl_bcm2835", "pinctrl_rp1")
STRICT = "add the line dtparam=strict_gpiod to /boot/firmware/config.txt, and restart the computer"
PULL_DOWN = "put 10 kΩ from the pin to ground; the Pi's own pull is gone while it starts"
PULLED = re.compile(r"\b(pu|pd|pn)\b")
PATIENCE_S = 5.0


def check_pin(number: int, system: Path) -> list[Finding]:
    """What can be known of a relay's pin. `system`: the root of this computer's files."""
    found = [_number(number)]
    if not (system / MODEL).exists():
        return [*found, ok(TOPIC, "no Raspberry Pi: nothing to say about its pins")]
    path = next((system / path for path in CONFIG if (system / path).exists()), system / CONFIG[0])
    settings = _settings(path)
    return [*found, _at_start(number, settings, path), *_now(number), _strict(settings, path), _outlives(system)]


def _number(number: int) -> Finding:
    try:
        return ok(TOPIC, f"GPIO {output_pin(number)} is off while the Pi starts", "unit.toml")
    except ValueError as error:
        return bad(TOPIC, str(error), "unit.toml, [relay] pin", "move the wire, then change the number")


def _settings(path: Path) -> list[tuple[str, str]]:
    """The lines of a config.txt as (key, value), whatever model they are for."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition("#")[0].strip().partition("=") for line in lines)
    return [(key.strip(), value.strip()) for key, _, value in pairs if value]


def _at_start(number: int, settings: list[tuple[str, str]], path: Path) -> Finding:
    """What config.txt does to the pin before any program runs; the last line counts."""
    words: list[str] = []
    for key, value in settings:
        pins, _, said = value.partition("=")
        if key == "gpio" and _names(pins, number):
            words += said.split(",")
    if last := next((word for word in reversed(words) if word in ("pu", "dh")), None):
        what = f"config.txt makes GPIO {number} high while the Pi starts ({last})"
        return bad(TOPIC, what, str(path), f"change it to gpio={number}=op,dl, and restart the computer")
    if "np" in words:
        return attention(TOPIC, f"config.txt takes GPIO {number} off its pull-down (np)", str(path), PULL_DOWN)
    return ok(TOPIC, f"nothing pulls GPIO {number} up while the Pi starts", str(path))


def _names(pins: str, number: int) -> bool:
    """Whether a list such as 4,17-22 has a number in it."""
    ranges = (part.partition("-") for part in pins.split(","))
    try:
        return any(int(first) <= number <= int(last or first) for first, _, last in ranges)
    except ValueError:
        return False


def _now(number: int) -> list[Finding]:
    """What pulls on the pin now, by Raspberry Pi OS's own program; nothing where that cannot tell."""
    program = shutil.which("pinctrl")
    if program is None:
        return []
    command = [program, "get", str(number)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    pull = PULLED.search(done.stdout.partition("|")[0])
    if pull is None:
        return []
    if pull[1] == "pu":
        return [bad(TOPIC, f"GPIO {number} is pulled up now", program, PULL_DOWN)]
    return [ok(TOPIC, f"GPIO {number} is not pulled up now ({pull[1]})", program)]


def _strict(settings: list[tuple[str, str]], path: Path) -> Finding:
    asked = any(key == "dtparam" and "strict_gpiod" in value.split(",") for key, value in settings)
    if asked:
        return ok(TOPIC, "strict_gpiod is set", str(path))
    return attention(TOPIC, "strict_gpiod is not set", str(path), STRICT)


def _outlives(system: Path) -> Finding:
    """What the kernel does to the pin when its keeper is killed."""
    settings = [system / PERSIST.format(driver=driver) for driver in DRIVERS]
    found = next((path for path in settings if path.exists()), None)
    if found is None:
        what = "cannot tell whether the pin stays on when the keeper is killed"
        return attention(TOPIC, what, str(settings[0]), STRICT)
    if found.read_text().strip() in ("Y", "1"):
        what = "a killed keeper would leave the machine ON: the pin stays as it was"
        return bad(TOPIC, what, str(found), STRICT)
    return ok(TOPIC, "a killed keeper lets go of the pin, and the relay opens", str(found))
