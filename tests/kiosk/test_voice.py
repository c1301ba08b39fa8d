"""What the kiosk is heard with, as processes."""

import shutil
import subprocess
import wave
from pathlib import Path

import pytest

from kiosk import voice
from kiosk.languages import LANGUAGES
from kiosk.voice import TONE_S, SpokenVoice, write_tone


def test_a_kiosk_without_a_voice_is_silent_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing fails where the programs are not installed."""
    monkeypatch.setattr(voice, "SPEECH", "no-such-program")
    spoken = SpokenVoice()
    spoken.say("Bonjour", "fr-fr")
    spoken.say("Bonjour", "fr-fr")
    spoken.close()
    assert [record.message.split(";")[0] for record in caplog.records] == [
        "voice: no no-such-program (No such file or directory)"
    ]


def test_words_go_in_by_a_pipe_and_new_ones_cut_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine hears the language as an argument and the words on its standard input."""
    heard = tmp_path / "heard"
    engine = tmp_path / "engine"
    engine.write_text(f'#!/bin/sh\necho "$@" > {heard}\ncat >> {heard}\n')
    engine.chmod(0o755)
    monkeypatch.setattr(voice, "SPEECH", str(engine))
    spoken = SpokenVoice()
    spoken.say("Grüß Gott; $(id)", "de")
    assert spoken._speaking is not None
    spoken._speaking.wait(20)
    assert heard.read_text() == "-v de -s 150 --stdin\nGrüß Gott; $(id)"
    spoken.say("rien", "fr-fr")
    spoken.close()
    assert spoken._speaking is None


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_engine_has_every_voice(language: str, tmp_path: Path) -> None:
    """Each language's voice is one that the engine knows, and makes a sound."""
    file = tmp_path / "said.wav"
    command = ["espeak-ng", "-v", LANGUAGES[language].voice, "-w", str(file), LANGUAGES[language].name]
    assert subprocess.run(command, capture_output=True).stderr == b""
    assert file.stat().st_size > 5000


def test_a_tone_is_short(tmp_path: Path) -> None:
    """Two tones are a quarter of a second."""
    write_tone(tmp_path / "tone.wav", (660, 990))
    with wave.open(str(tmp_path / "tone.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(2 * TONE_S, abs=0.01)
