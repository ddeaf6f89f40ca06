"""The matrix of the ready-made configurations: each feature, exported and held against PyTorch.

In the upstream form, so that our own action reads it on our own pull requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import transformers

from support.architectures import FIRST, part_of, reason_to_fail
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, parts_of, validate
from transformers_export.onnx.convert import default_opset
from transformers_export.onnx.exporters import EXPORTERS

if TYPE_CHECKING:
    from pathlib import Path

PYTORCH_EXPORT_MODELS = {
    ("aimv2-vision-model", "Aimv2VisionConfig"),
    ("albert", "AlbertConfig"),
    ("audio-spectrogram-transformer", "ASTConfig"),
    ("beit", "BeitConfig"),
    ("bert", "BertConfig"),
    ("big-bird", "BigBirdConfig"),
    ("bit", "BitConfig"),
    ("camembert", "CamembertConfig"),
    ("chinese-clip", "ChineseCLIPConfig"),
    ("chinese-clip-vision-model", "ChineseCLIPVisionConfig"),
    ("clap", "ClapConfig"),
    ("clip", "CLIPConfig"),
    ("clip-vision-model", "CLIPVisionConfig"),
    ("convbert", "ConvBertConfig"),
    ("convnext", "ConvNextConfig"),
    ("convnextv2", "ConvNextV2Config"),
    ("cvt", "CvtConfig"),
    ("d-fine", "DFineConfig"),
    ("data2vec-audio", "Data2VecAudioConfig"),
    ("data2vec-text", "Data2VecTextConfig"),
    ("data2vec-vision", "Data2VecVisionConfig"),
    ("deberta", "DebertaConfig"),
    ("deberta-v2", "DebertaV2Config"),
    ("decision-transformer", "DecisionTransformerConfig"),
    ("deit", "DeiTConfig"),
    ("detr", "DetrConfig"),
    ("dinov2", "Dinov2Config"),
    ("dinov3-convnext", "DINOv3ConvNextConfig"),
    ("dinov3-vit", "DINOv3ViTConfig"),
    ("distilbert", "DistilBertConfig"),
    ("donut-swin", "DonutSwinConfig"),
    ("dpt", "DPTConfig"),
    ("efficientnet", "EfficientNetConfig"),
    ("electra", "ElectraConfig"),
    ("ernie", "ErnieConfig"),
    ("esm", "EsmConfig"),
    ("esmc", "EsmcConfig"),
    ("eurobert", "EuroBertConfig"),
    ("flaubert", "FlaubertConfig"),
    ("focalnet", "FocalNetConfig"),
    ("glpn", "GLPNConfig"),
    ("groupvit", "GroupViTConfig"),
    ("gte", "GteConfig"),
    ("hiera", "HieraConfig"),
    ("hubert", "HubertConfig"),
    ("ibert", "IBertConfig"),
    ("ijepa", "IJepaConfig"),
    ("jina-embeddings-v3", "JinaEmbeddingsV3Config"),
    ("layoutlm", "LayoutLMConfig"),
    ("layoutlmv3", "LayoutLMv3Config"),
    ("levit", "LevitConfig"),
    ("lilt", "LiltConfig"),
    ("longformer", "LongformerConfig"),
    ("luke", "LukeConfig"),
    ("markuplm", "MarkupLMConfig"),
    ("maskformer", "MaskFormerConfig"),
    ("megatron-bert", "MegatronBertConfig"),
    ("metaclip-2", "MetaClip2Config"),
    ("mgp-str", "MgpstrConfig"),
    ("mlcd-vision-model", "MLCDVisionConfig"),
    ("mobilebert", "MobileBertConfig"),
    ("mobilenet-v1", "MobileNetV1Config"),
    ("mobilenet-v2", "MobileNetV2Config"),
    ("mobilevit", "MobileViTConfig"),
    ("modernbert", "ModernBertConfig"),
    ("moonshine", "MoonshineConfig"),
    ("mpnet", "MPNetConfig"),
    ("nomic-bert", "NomicBertConfig"),
    ("nystromformer", "NystromformerConfig"),
    ("openai-gpt", "OpenAIGPTConfig"),
    ("owlv2", "Owlv2Config"),
    ("owlvit", "OwlViTConfig"),
    ("patchtsmixer", "PatchTSMixerConfig"),
    ("patchtst", "PatchTSTConfig"),
    ("perceiver", "PerceiverConfig"),
    ("pixio", "PixioConfig"),
    ("poolformer", "PoolFormerConfig"),
    ("pvt", "PvtConfig"),
    ("pvt-v2", "PvtV2Config"),
    ("regnet", "RegNetConfig"),
    ("rembert", "RemBertConfig"),
    ("resnet", "ResNetConfig"),
    ("roberta", "RobertaConfig"),
    ("roberta-prelayernorm", "RobertaPreLayerNormConfig"),
    ("roc-bert", "RoCBertConfig"),
    ("roformer", "RoFormerConfig"),
    ("rt-detr", "RTDetrConfig"),
    ("rt-detr-v2", "RTDetrV2Config"),
    ("sam", "SamConfig"),
    ("segformer", "SegformerConfig"),
    ("sew", "SEWConfig"),
    ("sew-d", "SEWDConfig"),
    ("siglip", "SiglipConfig"),
    ("siglip2", "Siglip2Config"),
    ("siglip-vision-model", "SiglipVisionConfig"),
    ("speech-to-text", "Speech2TextConfig"),
    ("splinter", "SplinterConfig"),
    ("squeezebert", "SqueezeBertConfig"),
    ("swiftformer", "SwiftFormerConfig"),
    ("swin", "SwinConfig"),
    ("swin2sr", "Swin2SRConfig"),
    ("swinv2", "Swinv2Config"),
    ("table-transformer", "TableTransformerConfig"),
    ("textnet", "TextNetConfig"),
    ("trocr", "TrOCRConfig"),
    ("unispeech", "UniSpeechConfig"),
    ("unispeech-sat", "UniSpeechSatConfig"),
    ("visual-bert", "VisualBertConfig"),
    ("vit", "ViTConfig"),
    ("vit-mae", "ViTMAEConfig"),
    ("vit-msn", "ViTMSNConfig"),
    ("vitpose", "VitPoseConfig"),
    ("wav2vec2", "Wav2Vec2Config"),
    ("wav2vec2-conformer", "Wav2Vec2ConformerConfig"),
    ("wavlm", "WavLMConfig"),
    ("xlm", "XLMConfig"),
    ("xlm-roberta", "XLMRobertaConfig"),
    ("xlm-roberta-xl", "XLMRobertaXLConfig"),
    ("xlnet", "XLNetConfig"),
    ("yolos", "YolosConfig"),
    ("yoso", "YosoConfig"),
}

PYTORCH_EXPORT_WITH_PAST_MODELS = {
    ("apertus", "ApertusConfig"),
    ("arcee", "ArceeConfig"),
    ("biogpt", "BioGptConfig"),
    ("bitnet", "BitNetConfig"),
    ("bloom", "BloomConfig"),
    ("codegen", "CodeGenConfig"),
    ("cohere", "CohereConfig"),
    ("cohere2", "Cohere2Config"),
    ("ctrl", "CTRLConfig"),
    ("cwm", "CwmConfig"),
    ("deepseek-v3", "DeepseekV3Config"),
    ("diffllama", "DiffLlamaConfig"),
    ("ernie4-5", "Ernie4_5Config"),
    ("ernie4-5-moe", "Ernie4_5_MoeConfig"),
    ("exaone4", "Exaone4Config"),
    ("falcon", "FalconConfig"),
    ("flex-olmo", "FlexOlmoConfig"),
    ("gemma", "GemmaConfig"),
    ("gemma2", "Gemma2Config"),
    ("gemma3-text", "Gemma3TextConfig"),
    ("glm", "GlmConfig"),
    ("glm4", "Glm4Config"),
    ("glm4-moe", "Glm4MoeConfig"),
    ("gpt-bigcode", "GPTBigCodeConfig"),
    ("gpt-neo", "GPTNeoConfig"),
    ("gpt-neox", "GPTNeoXConfig"),
    ("gpt-neox-japanese", "GPTNeoXJapaneseConfig"),
    ("gpt-oss", "GptOssConfig"),
    ("gpt2", "GPT2Config"),
    ("gptj", "GPTJConfig"),
    ("granite", "GraniteConfig"),
    ("granitemoe", "GraniteMoeConfig"),
    ("granitemoeshared", "GraniteMoeSharedConfig"),
    ("helium", "HeliumConfig"),
    ("imagegpt", "ImageGPTConfig"),
    ("internlm3", "InternLM3Config"),
    ("jais2", "Jais2Config"),
    ("llama", "LlamaConfig"),
    ("mellum", "MellumConfig"),
    ("minicpm3", "MiniCPM3Config"),
    ("minimax-m2", "MiniMaxM2Config"),
    ("mistral", "MistralConfig"),
    ("mixtral", "MixtralConfig"),
    ("modernbert-decoder", "ModernBertDecoderConfig"),
    ("mpt", "MptConfig"),
    ("nanochat", "NanoChatConfig"),
    ("nemotron", "NemotronConfig"),
    ("olmo", "OlmoConfig"),
    ("olmo2", "Olmo2Config"),
    ("olmo3", "Olmo3Config"),
    ("olmoe", "OlmoeConfig"),
    ("opt", "OPTConfig"),
    ("persimmon", "PersimmonConfig"),
    ("phi", "PhiConfig"),
    ("phi3", "Phi3Config"),
    ("phimoe", "PhimoeConfig"),
    ("qwen2", "Qwen2Config"),
    ("qwen2-moe", "Qwen2MoeConfig"),
    ("qwen3", "Qwen3Config"),
    ("qwen3-moe", "Qwen3MoeConfig"),
    ("seed-oss", "SeedOssConfig"),
    ("smollm3", "SmolLM3Config"),
    ("stablelm", "StableLmConfig"),
    ("starcoder2", "Starcoder2Config"),
    ("vaultgemma", "VaultGemmaConfig"),
    ("vision-encoder-decoder", "VisionEncoderDecoderConfig"),
    ("xglm", "XGLMConfig"),
    ("youtu", "YoutuConfig"),
}

PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {
    ("bart", "BartConfig"),
    ("bigbird-pegasus", "BigBirdPegasusConfig"),
    ("blenderbot", "BlenderbotConfig"),
    ("blenderbot-small", "BlenderbotSmallConfig"),
    ("encoder-decoder", "EncoderDecoderConfig"),
    ("longt5", "LongT5Config"),
    ("m2m-100", "M2M100Config"),
    ("marian", "MarianConfig"),
    ("mbart", "MBartConfig"),
    ("mt5", "MT5Config"),
    ("mvp", "MvpConfig"),
    ("pegasus", "PegasusConfig"),
    ("pegasus-x", "PegasusXConfig"),
    ("plbart", "PLBartConfig"),
    ("speecht5", "SpeechT5Config"),
    ("t5", "T5Config"),
    ("umt5", "UMT5Config"),
    ("whisper", "WhisperConfig"),
}

MODELS = PYTORCH_EXPORT_MODELS | PYTORCH_EXPORT_WITH_PAST_MODELS | PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS

SHAPES = {"bart", "bert", "distilbert", "gpt2", "t5", "vit"}
"""One architecture of each shape: these are exported with dynamo in every run, at ten times the cost of legacy. With
legacy it is the first architectures. Of the others a part is exported in turn, which the commit decides, so that a run
can be repeated. All of them with both are in docs/pairs.md."""

EXPORTED = {
    "legacy": {*FIRST, *part_of(set(FeaturesManager.model_types()) - set(FIRST), parts=12)},
    "dynamo": {*SHAPES, *part_of(set(FeaturesManager.model_types()) - SHAPES, parts=80)},
}

CASES = [
    (exporter, model_type, configuration, feature)
    for exporter in EXPORTERS
    for model_type, configuration in sorted(MODELS)
    for feature in FeaturesManager.features_of(model_type)
    if model_type in EXPORTED[exporter] or reason_to_fail(model_type, feature, exporter)
]


def test_the_matrix_has_what_the_registry_has() -> None:
    assert sorted(model_type for model_type, _ in MODELS) == FeaturesManager.model_types()


@pytest.mark.parametrize(("exporter", "model_type", "configuration", "feature"), CASES)
def test_export(exporter: str, model_type: str, configuration: str, feature: str, tmp_path: Path) -> None:
    reason = reason_to_fail(model_type, feature, exporter)
    try:
        _export(exporter, model_type, configuration, feature, tmp_path)
    except Exception:  # whatever upstream raises, or an assertion below
        if reason is None:
            raise
    else:
        assert reason is None, "it passes: take it out of the expected failures in pyproject.toml"


def _export(exporter: str, model_type: str, configuration: str, feature: str, tmp_path: Path) -> None:
    config = tiny.shrink(tiny.start(getattr(transformers, configuration)))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    whole = FeaturesManager.get_config(model_type, feature)(model.config)
    checked = set()
    for part in parts_of(model, whole):
        preprocessor = tiny.make_preprocessor(part.model.config, part.model)
        opset = default_opset(part.config, exporter)
        output = tmp_path / f"{part.name}.onnx"

        inputs, outputs = export(preprocessor, part.model, part.config, opset, output, exporter=exporter)

        assert set(inputs) == set(part.config.inputs)
        assert outputs == list(part.config.outputs)
        report = validate(part.config, preprocessor, part.model, output, opset=opset)
        assert [check for check in report.checks if check.outcome != "passed"] == []
        checked |= {check.name for check in report.checks}
    assert ("past" in checked) == feature.endswith("-with-past")
