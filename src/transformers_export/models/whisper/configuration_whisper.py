"""Whisper: speech to text with past."""

from __future__ import annotations

from transformers_export.models.speech import SpeechSeq2SeqOnnxConfig


class WhisperOnnxConfig(SpeechSeq2SeqOnnxConfig):
    """A spectrogram and the decoder."""
