"""What the kiosk is heard with: espeak-ng for words, aplay for tones, each a process that nobody waits for."""

import logging
import math
import struct
import subprocess
import tempfile
import wave
from pathlib import Path

SPEECH = "espeak-ng"
PLAYER = "aplay"
RATE = 22_050
TONES = {True: (660, 990), False: (520, 390)}
"""In hertz: rising for yes, falling for no."""
TONE_S = 0.12

_log = logging.getLogger(__name__)


class SpokenVoice:
    """A `kiosk.ports.Voice`. Without the programs it is silent, and says so in the log once."""

    def __init__(self) -> None:
        self._speaking: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="lisiere-tones-")
        self._missing: set[str] = set()
        for good, pitches in TONES.items():
            write_tone(self._tone(good), pitches)

    def say(self, text: str, language: str) -> None:
        """See `kiosk.ports.Voice`. The text goes in by a pipe: it is nobody's argument."""
        self._hush()
        self._speaking = self._start(SPEECH, "-v", language, "-s", "150", "--stdin")
        if self._speaking is not None and self._speaking.stdin is not None:
            self._speaking.stdin.write(text.encode())
            self._speaking.stdin.close()

    def tone(self, good: bool) -> None:
        """See `kiosk.ports.Voice`."""
        self._start(PLAYER, "-q", str(self._tone(good)))

    def close(self) -> None:
        """See `kiosk.ports.Voice`."""
        self._hush()
        self._folder.cleanup()

    def _tone(self, good: bool) -> Path:
        return Path(self._folder.name) / ("yes.wav" if good else "no.wav")

    def _hush(self) -> None:
        if self._speaking is not None:
            self._speaking.kill()
            self._speaking.wait()
            self._speaking = None

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes] | None:
        try:
            quiet = subprocess.DEVNULL
            return subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
        except OSError as error:
            if program not in self._missing:
                self._missing.add(program)
                _log.warning("voice: no %s (%s); the kiosk is not heard", program, error.strerror)
            return None


def write_tone(path: Path, pitches: tuple[int, ...]) -> None:
    """Write tones one after another, softened at their ends so that nothing clicks."""
    length = round(RATE * TONE_S)
    samples = [
        round(9000 * math.sin(2 * math.pi * pitch * n / RATE) * math.sin(math.pi * n / length))
        for pitch in pitches
        for n in range(length)
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
