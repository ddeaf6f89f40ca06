"""Speech2Text: spectrograms of any length in, text out."""

from __future__ import annotations

from transformers_export.models.speech import RecordingSeq2SeqOnnxConfig


class Speech2TextOnnxConfig(RecordingSeq2SeqOnnxConfig):
    """A spectrogram with its mask, and the decoder."""

    masked = True
    sound_axis = "frames"
