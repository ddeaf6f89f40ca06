"""What a traced file says of itself: names, sizes, versions, and what was done to it. The standard library alone.

The manifest lies inside the `.pt` file, where `load` reads it, and once more beside it for people.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST = "manifest.json"
MODEL = "model.pt"
FORMAT = 1

TiedWeights = Literal["shared", "cloned"]
Target = Literal["torchscript", "neuron"]
Kind = Literal["batch", "choices", "sequence", "decoder", "past", "past+sequence", "past+decoder", "free"]
"""What decides an axis' length. `free` is a length that is none of ours: an image's height, say."""


class ManifestError(ValueError):
    """A file that was not saved by `save`, or by a later version of it."""


@dataclass(frozen=True)
class Tensor:
    """One input or output, as it was when the model was traced."""

    name: str
    dtype: str
    """torch's name of it: `int64`, `float32`."""
    shape: tuple[int, ...]
    axes: Mapping[int, str] = field(default_factory=dict)
    """The axes that are declared to vary, with their labels."""
    kinds: Mapping[int, Kind] = field(default_factory=dict)
    """What decides the length of each axis that varies."""


@dataclass(frozen=True)
class Manifest:
    """Everything there is to know about a traced file without loading it."""

    model_class: str
    model_type: str
    task: str
    target: Target
    fixed: bool
    """Whether the trace is meant for inputs of exactly the traced shapes."""
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    versions: Mapping[str, str]
    tied_weights: TiedWeights
    tied: tuple[tuple[str, ...], ...] = ()
    """Names of weights that are one and the same in the model."""
    frozen: bool = False
    optimized: bool = False
    pad_token_id: int | None = None
    remarks: tuple[str, ...] = ()
    """What torch warned of while it traced: places where Python looked at a value of a tensor."""
    format: int = FORMAT

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of the traced function."""
        return tuple(tensor.name for tensor in self.inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of the traced function."""
        return tuple(tensor.name for tensor in self.outputs)

    def lengths(self) -> dict[Kind, int]:
        """The traced length of every kind of axis."""
        return {kind: tensor.shape[axis] for tensor in self.inputs for axis, kind in tensor.kinds.items()}

    def to_json(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str | bytes) -> Manifest:
    """Read what `to_json` wrote.

    Raises:
        ManifestError: It is something else, or of a later format.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ManifestError(
                f"The manifest is of format {content['format']}, expected {FORMAT}. Update transformers-export."
            )
        tensors = {side: tuple(_tensor(one) for one in content[side]) for side in ("inputs", "outputs")}
        lists = {"tied": tuple(map(tuple, content["tied"])), "remarks": tuple(content["remarks"])}
        return Manifest(**{**content, **tensors, **lists})
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"Expected a manifest as `save` writes it: {type(error).__name__}: {error}") from error


def model_file(path: Path | str) -> Path:
    """The `.pt` file of what `save` wrote: the file itself, or the one in a directory.

    Raises:
        FileNotFoundError: There is none.
    """
    given = Path(path)
    file = given / MODEL if given.is_dir() else given
    if not file.is_file():
        raise FileNotFoundError(f"No traced model at {given}: expected a .pt file, or a directory that holds {MODEL}.")
    return file


def read_manifest(path: Path | str) -> Manifest:
    """Read the manifest of a saved file or directory without loading the model.

    Raises:
        FileNotFoundError: There is no such file.
        ManifestError: It was not saved by `save`.
    """
    file = model_file(path)
    try:
        with zipfile.ZipFile(file) as archive:
            inside = [name for name in archive.namelist() if name.endswith(f"/extra/{MANIFEST}")]
            text = archive.read(inside[0]) if inside else None
    except zipfile.BadZipFile as error:
        raise ManifestError(f"{file} is no file of torch.jit.save: {error}.") from error
    if text is None:
        raise ManifestError(
            f"{file} has no manifest inside: expected a file that transformers_export.torchscript.save wrote. "
            "torch.jit.load reads it without names."
        )
    return from_json(text)


def _tensor(content: dict[str, Any]) -> Tensor:
    axes, kinds = ({int(axis): value for axis, value in content[key].items()} for key in ("axes", "kinds"))
    return Tensor(content["name"], content["dtype"], tuple(content["shape"]), axes, kinds)
