"""Ready-made: models of sound."""

from __future__ import annotations

from transformers_export.onnx.features import FeaturesManager

_SPEECH = (
    "default",
    "audio-classification",
    "ctc",
)
_SPEECH_WITH_FRAMES = (
    "default",
    "audio-classification",
    "ctc",
    "audio-frame-classification",
    "audio-xvector",
)

FeaturesManager.register(
    "audio-spectrogram-transformer",
    "default",
    "audio-classification",
    onnx_config="transformers_export.models.audio_spectrogram_transformer.configuration_audio_spectrogram_transformer.ASTOnnxConfig",
)
FeaturesManager.register(
    "data2vec-audio",
    *_SPEECH_WITH_FRAMES,
    onnx_config="transformers_export.models.data2vec.configuration_data2vec_audio.Data2VecAudioOnnxConfig",
)
FeaturesManager.register(
    "hubert",
    *_SPEECH,
    onnx_config="transformers_export.models.hubert.configuration_hubert.HubertOnnxConfig",
)
FeaturesManager.register(
    "moonshine",
    "default",
    "speech2seq-lm",
    onnx_config="transformers_export.models.moonshine.configuration_moonshine.MoonshineOnnxConfig",
)
FeaturesManager.register(
    "sew",
    *_SPEECH,
    onnx_config="transformers_export.models.sew.configuration_sew.SEWOnnxConfig",
)
FeaturesManager.register(
    "sew-d",
    *_SPEECH,
    onnx_config="transformers_export.models.sew_d.configuration_sew_d.SEWDOnnxConfig",
)
FeaturesManager.register(
    "speech-to-text",
    "default",
    "speech2seq-lm",
    onnx_config="transformers_export.models.speech_to_text.configuration_speech_to_text.Speech2TextOnnxConfig",
)
FeaturesManager.register(
    "speecht5",
    "speech2seq-lm",
    "speech2seq-lm-with-past",
    onnx_config="transformers_export.models.speecht5.configuration_speecht5.SpeechT5OnnxConfig",
)
FeaturesManager.register(
    "unispeech",
    *_SPEECH,
    onnx_config="transformers_export.models.unispeech.configuration_unispeech.UniSpeechOnnxConfig",
)
FeaturesManager.register(
    "unispeech-sat",
    *_SPEECH_WITH_FRAMES,
    onnx_config="transformers_export.models.unispeech_sat.configuration_unispeech_sat.UniSpeechSatOnnxConfig",
)
FeaturesManager.register(
    "wav2vec2",
    *_SPEECH_WITH_FRAMES,
    onnx_config="transformers_export.models.wav2vec2.configuration_wav2vec2.Wav2Vec2OnnxConfig",
)
FeaturesManager.register(
    "wav2vec2-conformer",
    *_SPEECH_WITH_FRAMES,
    onnx_config="transformers_export.models.wav2vec2_conformer.configuration_wav2vec2_conformer.Wav2Vec2ConformerOnnxConfig",
)
FeaturesManager.register(
    "wavlm",
    *_SPEECH_WITH_FRAMES,
    onnx_config="transformers_export.models.wavlm.configuration_wavlm.WavLMOnnxConfig",
)
FeaturesManager.register(
    "whisper",
    "default",
    "default-with-past",
    "speech2seq-lm",
    "speech2seq-lm-with-past",
    "audio-classification",
    onnx_config="transformers_export.models.whisper.configuration_whisper.WhisperOnnxConfig",
)
