"""Everything the rules and the plan read of one tree, on first use.

Two snapshots that share their `parsed` files parse a file both trees hold only once. Which files are configurations,
registry and matrix is decided in `project.py` and handed in as plain paths.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from transformers_export.source import configuration, docs, exported, matrix, modeling, registry
from transformers_export.source.models import Models
from transformers_export.source.modules import Modules, Parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.source import hub, python
    from transformers_export.source.comments import Ignore
    from transformers_export.source.tree import Tree

IGNORE = b"transformers-export: ignore["
Layout = Literal["transformers-4", "transformers-5", "package", "remote-code", "none"]


class Snapshot(Modules):
    """One tree through the readers."""

    def __init__(
        self,
        tree: Tree,
        layout: Layout,
        *,
        patterns: Sequence[str],
        registries: Sequence[str] = (),
        auto_registrations: Sequence[str] = (),
        matrix: str | None = None,
        docs: str | None = None,
        aside: Sequence[str] = (),
        parsed: Parsed | None = None,
    ) -> None:
        super().__init__(tree, parsed)
        self.layout = layout
        self.patterns = tuple(patterns)
        self.aside = tuple(aside)
        """Folders that hold no configurations even where the patterns say so."""
        self.registries = tuple(registries)
        self.auto_registrations = tuple(auto_registrations)
        """A package's files that call `AutoModel...register`."""
        self.matrix_path = matrix
        self.docs_path = docs
        self.models = Models(self)
        self._exported: dict[registry.Entry, tuple[exported.Exported | python.Unread, ...]] = {}
        self._onnx: dict[tuple[str, str], configuration.OnnxClass | None] = {}

    @cached_property
    def configurations(self) -> tuple[str, ...]:
        """Every file that may hold configurations, in order."""
        return tuple(path for path in self.tree.paths() if self.is_configuration(path))

    def is_configuration(self, path: str) -> bool:
        """Whether this file holds configurations: by its name, in a package also by the classes in it."""
        if not path.endswith(".py") or self._lies_aside(path):
            return False
        if self._is_named_so(path):
            return True
        return self.layout == "package" and path in self._mentioning and bool(self.onnx_classes(path))

    def is_set_aside(self, path: str) -> bool:
        """Whether a file has the name of a configuration, but lies where none is looked for."""
        return path.endswith(".py") and self._lies_aside(path) and self._is_named_so(path)

    def _lies_aside(self, path: str) -> bool:
        return bool(self.aside) and path.startswith(self.aside)

    def _is_named_so(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)

    def widen(self, other: Snapshot) -> None:
        """Also call a configuration what another state of the repository calls one, before anything is read."""
        self.patterns = tuple(dict.fromkeys((*self.patterns, *other.patterns)))
        self.aside = tuple(folder for folder in self.aside if folder in other.aside)

    @cached_property
    def _mentioning(self) -> frozenset[str]:
        return frozenset(self.tree.search(["OnnxConfig"], "*.py"))

    def configurations_mentioning(self, names: Sequence[str]) -> tuple[str, ...]:
        """The configuration files in which one of the names is written."""
        patterns = ["*.py"] if self.layout == "package" else self.patterns
        return tuple(path for path in self.tree.search(names, *patterns) if self.is_configuration(path))

    def onnx_classes(self, path: str) -> tuple[configuration.OnnxClass, ...]:
        """The ONNX configuration classes a file defines, in order."""
        source = self.source(path)
        found = (self.onnx_class(item) for item in source.classes.values()) if source else ()
        return tuple(item for item in found if item)

    def onnx_class(self, item: python.Class) -> configuration.OnnxClass | None:
        """The class as an ONNX configuration, or None when it is none."""
        key = (item.path, item.name)
        if key not in self._onnx:
            self._onnx[key] = None  # a class that derives from itself ends here
            self._onnx[key] = configuration.onnx_class(self, item)
        return self._onnx[key]

    def find_entry_class(self, entry: registry.Entry) -> python.Class | None:
        """The class a registry entry names, exported by its package or not; None when there is none here."""
        found = self.find_class(entry.onnx_config)
        if found or self.layout != "transformers-4":
            return found
        module, _, name = entry.onnx_config.rpartition(".")
        init = self.file_of(module)
        folder = init.rpartition("/")[0] if init else ""
        for path in self.configurations if folder else ():
            source = self.source(path) if path.rpartition("/")[0] == folder else None
            if source and name in source.classes:
                return source.classes[name]
        return None

    def ignores(self, path: str) -> tuple[Ignore, ...]:
        """The comments of a file that ignore a rule."""
        content = self.tree.read(path)
        if content is None or IGNORE not in content:
            return ()
        from transformers_export.source.comments import ignores  # few files have one

        return ignores(content, path)

    def share(self, other: Snapshot) -> None:
        """Take from another transformers checkout the registry, the tables and the matrix that are the same there."""
        if not (self.layout == other.layout == "transformers-4"):
            return
        if self.registries == other.registries and self._holds_as(other, *self.registries, *modeling.FILES):
            self.registry = other.registry
            self.heads, self.tensorflow_heads = other.heads, other.tensorflow_heads
        if self.matrix_path and self.matrix_path == other.matrix_path and self._holds_as(other, self.matrix_path):
            self.matrix = other.matrix

    def share_models(self, other: Snapshot) -> None:
        """Take what is known of models from a tree in which they are the same."""
        self.models = other.models

    def _holds_as(self, other: Snapshot, *paths: str) -> bool:
        """Whether the files say the same in another tree."""
        return all(self.tree.read(path) == other.tree.read(path) for path in paths)

    def models_beside(self, folder: str) -> tuple[str, ...]:
        """The files of PyTorch models in a folder."""
        found = (path for path in self.tree.paths() if path.startswith(f"{folder}/modeling_") and path.endswith(".py"))
        return tuple(path for path in found if not path[len(folder) :].startswith(("/modeling_tf_", "/modeling_flax_")))

    def exported(self, entry: registry.Entry) -> tuple[exported.Exported | python.Unread, ...]:
        """What the features of an entry export, read once for all rules that ask."""
        if entry not in self._exported:
            self._exported[entry] = tuple(exported.read(self, entry))
        return self._exported[entry]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The registry keys of all model types of the repository."""
        return frozenset(item.key for path in self.configurations for item in self.model_types(path))

    @cached_property
    def broken(self) -> bool:
        """Whether some configuration file is no valid Python: then nothing is known to be absent."""
        sources = (self.source(path) for path in self.configurations)
        return any(source is not None and source.unread for source in sources)

    def model_types(self, path: str) -> tuple[configuration.ModelType, ...]:
        """The model types that a file's configuration classes give."""
        source = self.source(path)
        return configuration.model_types(source) if source else ()

    @cached_property
    def registry(self) -> registry.Registry:
        """All entries of all registry files; empty where the repository has none. A Hub folder's `auto_map` is one."""
        if self.layout != "remote-code":
            return registry.read(self, self.registries)
        from transformers_export.source import hub  # and with it json: few repositories are such a folder

        return hub.registry(self)

    @cached_property
    def hub(self) -> hub.Folder | None:
        """What the JSON files of a Hub folder name; None in another layout."""
        if self.layout != "remote-code":
            return None
        from transformers_export.source import hub

        return hub.read_folder(self)

    @cached_property
    def matrix(self) -> matrix.Matrix | None:
        """The test matrix, or None where the repository has none."""
        source = self.source(self.matrix_path) if self.matrix_path else None
        return matrix.read(source) if source else None

    @cached_property
    def documented(self) -> docs.Documented | None:
        """The docs list of architectures, or None where the repository has none."""
        content = self.tree.read(self.docs_path) if self.docs_path else None
        return docs.read(content, self.docs_path or "") if content is not None else None

    @cached_property
    def names_shown(self) -> dict[str, str]:
        """Registry key to the name a transformers checkout shows the model with."""
        source = self.source(docs.NAMES) if self.layout.startswith("transformers") else None
        return docs.names_shown(source) if source else {}

    @cached_property
    def heads(self) -> modeling.Heads | modeling.TableHeads:
        """Which model types each Auto class knows."""
        if self.layout != "remote-code":
            return modeling.read(self)
        from transformers_export.source import hub

        return hub.heads(self)

    @cached_property
    def tensorflow_heads(self) -> modeling.TableHeads:
        """The same for TensorFlow, which only transformers up to 4 has."""
        return modeling.read_tensorflow(self)
