"""Ready-made: encoder-decoder models of text."""

from __future__ import annotations

from transformers_export.onnx.features import FeaturesManager

_SEQ2SEQ = (
    "default",
    "default-with-past",
    "seq2seq-lm",
    "seq2seq-lm-with-past",
)
_SEQ2SEQ_OR_DECODER = (
    "default",
    "default-with-past",
    "causal-lm",
    "causal-lm-with-past",
    "seq2seq-lm",
    "seq2seq-lm-with-past",
)
_SEQ2SEQ_WITH_HEADS = (
    "default",
    "default-with-past",
    "causal-lm",
    "causal-lm-with-past",
    "seq2seq-lm",
    "seq2seq-lm-with-past",
    "sequence-classification",
    "question-answering",
)

FeaturesManager.register(
    "bart",
    *_SEQ2SEQ_WITH_HEADS,
    onnx_config="transformers_export.models.bart.configuration_bart.BartOnnxConfig",
)
FeaturesManager.register(
    "bigbird-pegasus",
    *_SEQ2SEQ_WITH_HEADS,
    onnx_config="transformers_export.models.bigbird_pegasus.configuration_bigbird_pegasus.BigBirdPegasusOnnxConfig",
)
FeaturesManager.register(
    "blenderbot",
    *_SEQ2SEQ_OR_DECODER,
    onnx_config="transformers_export.models.blenderbot.configuration_blenderbot.BlenderbotOnnxConfig",
)
FeaturesManager.register(
    "blenderbot-small",
    *_SEQ2SEQ_OR_DECODER,
    onnx_config="transformers_export.models.blenderbot_small.configuration_blenderbot_small.BlenderbotSmallOnnxConfig",
)
FeaturesManager.register(
    "longt5",
    *_SEQ2SEQ,
    onnx_config="transformers_export.models.longt5.configuration_longt5.LongT5OnnxConfig",
)
FeaturesManager.register(
    "m2m-100",
    *_SEQ2SEQ,
    onnx_config="transformers_export.models.m2m_100.configuration_m2m_100.M2M100OnnxConfig",
)
FeaturesManager.register(
    "marian",
    *_SEQ2SEQ_OR_DECODER,
    onnx_config="transformers_export.models.marian.configuration_marian.MarianOnnxConfig",
)
FeaturesManager.register(
    "mbart",
    *_SEQ2SEQ_WITH_HEADS,
    onnx_config="transformers_export.models.mbart.configuration_mbart.MBartOnnxConfig",
)
FeaturesManager.register(
    "mvp",
    "default",
    "default-with-past",
    "masked-lm",
    "causal-lm",
    "causal-lm-with-past",
    "seq2seq-lm",
    "seq2seq-lm-with-past",
    "sequence-classification",
    "question-answering",
    onnx_config="transformers_export.models.mvp.configuration_mvp.MvpOnnxConfig",
)
FeaturesManager.register(
    "pegasus",
    *_SEQ2SEQ_OR_DECODER,
    onnx_config="transformers_export.models.pegasus.configuration_pegasus.PegasusOnnxConfig",
)
FeaturesManager.register(
    "pegasus-x",
    *_SEQ2SEQ,
    onnx_config="transformers_export.models.pegasus_x.configuration_pegasus_x.PegasusXOnnxConfig",
)
FeaturesManager.register(
    "plbart",
    "default",
    "causal-lm",
    "seq2seq-lm",
    "sequence-classification",
    onnx_config="transformers_export.models.plbart.configuration_plbart.PLBartOnnxConfig",
)
FeaturesManager.register(
    "t5",
    *_SEQ2SEQ,
    onnx_config="transformers_export.models.t5.configuration_t5.T5OnnxConfig",
)
