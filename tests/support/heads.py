"""Facts about small models for the tests of decisions: what reading a model's files would have given."""

from __future__ import annotations

from transformers_export.scaffold.facts import Dialect, Facts, Head

TEXT = ("input_ids", "attention_mask", "token_type_ids", "position_ids", "labels", "return_dict")
DECODER = ("input_ids", "past_key_values", "attention_mask", "position_ids", "use_cache")
SEQ2SEQ = (
    *("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask", "encoder_outputs"),
    *("past_key_values", "use_cache"),
)
LOGITS = frozenset({"loss", "logits"})
FIELDS = {
    "default": frozenset({"last_hidden_state", "past_key_values"}),
    "question-answering": frozenset({"start_logits", "end_logits"}),
}
SPEECH = ("input_features", "attention_mask", "decoder_input_ids", "past_key_values", "labels")
FRAMES = "max_source_positions"
OUTPUTS = {
    "default": ("last_hidden_state",),
    "masked-lm": ("logits",),
    "causal-lm": ("logits",),
    "seq2seq-lm": ("logits",),
    "sequence-classification": ("logits",),
    "token-classification": ("logits",),
    "multiple-choice": ("logits",),
    "question-answering": ("start_logits", "end_logits"),
    "image-classification": ("logits",),
    "masked-im": ("reconstruction",),
    "speech2seq-lm": ("logits",),
}


def head(
    task: str, parameters: tuple[str, ...], *, required: tuple[str, ...] = (), fields: frozenset[str] | None = None
) -> Head:
    """A head with the fields its task usually has."""
    model = "PloverModel" if task == "default" else "PloverFor" + task.title().replace("-", "")
    known = fields if fields is not None else FIELDS.get(task, LOGITS | {"past_key_values"})
    return Head(task, model, parameters, required, known)


def facts(
    *heads: Head,
    attributes: tuple[str, ...] = ("hidden_size", "num_hidden_layers", "num_attention_heads"),
    tokenizer: tuple[str, ...] | None = ("input_ids", "attention_mask"),
    token_types: int | None = None,
    dialect: Dialect = "own",
    unread: tuple[str, ...] = (),
) -> Facts:
    """A model of these heads."""
    return Facts(
        model_type="acme_plover",
        config_class="PloverConfig",
        heads=heads,
        attributes=frozenset(attributes),
        attributes_known=True,
        tokenizer_inputs=frozenset(tokenizer) if tokenizer is not None else None,
        token_types=token_types,
        base_outputs=OUTPUTS,
        dialect=dialect,
        unread=unread,
    )


def shapes(dialect: Dialect) -> dict[str, Facts]:
    """A model of each shape there is."""
    pairs = frozenset({"logits_per_image", "logits_per_text", "text_embeds", "image_embeds"})
    tied = SEQ2SEQ[:-2]
    grouped = ("d_model", "n_layer", "n_head", "num_key_value_heads", "head_dim")
    found = {
        "encoder": facts(
            *(head(task, TEXT) for task in ("default", "masked-lm", "multiple-choice")),
            tokenizer=("input_ids", "token_type_ids", "attention_mask"),
            dialect=dialect,
        ),
        "encoder without choices": facts(head("default", TEXT), dialect=dialect),
        "encoder whose heads differ": facts(
            *(head(task, TEXT) for task in ("default", "masked-lm")),
            *(head(task, TEXT[:1]) for task in ("sequence-classification", "question-answering")),
            dialect=dialect,
        ),
        "decoder": facts(*(head(task, DECODER) for task in ("default", "causal-lm")), dialect=dialect),
        "decoder with fewer heads": facts(
            *(head(task, DECODER) for task in ("default", "causal-lm", "sequence-classification")),
            attributes=grouped,
            dialect=dialect,
        ),
        "encoder and decoder": facts(
            head("default", SEQ2SEQ),
            head("seq2seq-lm", SEQ2SEQ),
            head("sequence-classification", tied),
            attributes=("hidden_size", "enc", "num_encoder_layers", "num_decoder_layers", "num_heads"),
            dialect=dialect,
        ),
        "images": facts(
            *(head(task, ("pixel_values", "labels")) for task in ("default", "image-classification")), dialect=dialect
        ),
        "audio": facts(head("default", ("input_values", "attention_mask")), dialect=dialect),
        "raw audio": facts(head("default", ("input_values",)), attributes=("conv_kernel",), dialect=dialect),
        "texts and images": facts(
            head("default", ("input_ids", "pixel_values", "attention_mask"), fields=pairs),
            attributes=("vision_config",),
            dialect=dialect,
        ),
    }
    if dialect == "transformers":
        found["speech and text"] = facts(
            *(head(task, SPEECH) for task in ("default", "speech2seq-lm")),
            attributes=("hidden_size", "encoder_layers", "decoder_layers", "num_attention_heads", FRAMES),
            dialect=dialect,
        )
    return found
