"""What was read of a model before anything is decided: its configuration class, its heads, the base classes at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect = Literal["transformers", "own"]
"""Whose base classes are derived from: those of a transformers 4 checkout, or `transformers_export.onnx`."""


class CannotScaffoldError(Exception):
    """There is nothing to write, or no way to write it. The message says what was expected, what came, what to do."""


@dataclass(frozen=True)
class Head:
    """A model class that an Auto class has for the model type."""

    task: str
    model: str
    """The name of the class."""
    parameters: tuple[str, ...]
    """Of its `forward()`, in order, without `self`."""
    required: tuple[str, ...]
    """Those without a default."""
    fields: frozenset[str] | None
    """The names it returns; None where that was not read."""


@dataclass(frozen=True)
class Facts:
    """All that a decision needs."""

    model_type: str
    """As the configuration class writes it."""
    config_class: str
    heads: tuple[Head, ...]
    """In the order of the table of tasks."""
    attributes: frozenset[str]
    """What objects of the configuration class have, attribute maps included."""
    attributes_known: bool
    """Whether these are all: not when a base is in another package."""
    tokenizer_inputs: frozenset[str] | None
    """What its tokenizer makes; None where no tokenizer was found."""
    token_types: int | None
    """How many there are by default; None where the configuration does not say."""
    base_outputs: Mapping[str, tuple[str, ...]]
    """Task to the outputs the base class declares for it."""
    dialect: Dialect
    unread: tuple[str, ...] = ()
    """Heads that are left out because something about them could not be read, each with the reason."""

    @property
    def onnx_class(self) -> str:
        """The name of the class to write, as upstream names its own: `BertConfig` gives `BertOnnxConfig`."""
        return self.config_class.removesuffix("Config") + "OnnxConfig"

    def head(self, task: str) -> Head | None:
        """The head of a task."""
        return next((head for head in self.heads if head.task == task), None)

    def has(self, *names: str) -> str | None:
        """The first of the names that the configuration has."""
        return next((name for name in names if name in self.attributes), None)
