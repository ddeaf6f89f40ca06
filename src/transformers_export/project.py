"""The checked repository: its settings, its layout, and where its configurations, registry and matrix are.

Settings come from `[tool.transformers-export]` in the repository's pyproject.toml. What the files say is read in
`source/`.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the settings' types are read when they are decoded
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from transformers_export.source import modeling, registry
from transformers_export.source.modules import Modules, Parsed
from transformers_export.source.snapshot import Layout, Snapshot

if TYPE_CHECKING:
    from _typeshed import StrPath

    from transformers_export.source.tree import Tree

_TABLE = "transformers-export"
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_MOST_BYTES = 10**18
_MOST = {"opset": 1000, "timeout": 10**6, "jobs": 10**4, "atol": 10**6}
"""Above what there is a use for: a timeout of eleven days is one nobody waits for."""

_TRANSFORMERS_REGISTRY = "src/transformers/onnx/features.py"
_FIRST_REGISTRY = "src/transformers/onnx/__main__.py"
"""Where the registry was in the first weeks, in July 2021; later it is the command and registers nothing."""
_MATRICES = ("tests/onnx/test_onnx_v2.py", "tests/test_onnx_v2.py")
_DOCS = tuple(
    f"docs/source/{name}"
    for name in ("en/serialization.md", "en/serialization.mdx", "serialization.mdx", "serialization.rst")
)
_PATTERNS: dict[Layout, tuple[str, ...]] = {
    "transformers-4": ("src/transformers/models/*/configuration_*.py",),
    "transformers-5": ("src/transformers/models/*/configuration_*.py",),
    "package": ("configuration_*.py", "*/configuration_*.py"),
    "remote-code": ("configuration_*.py",),
    "none": ("configuration_*.py", "*/configuration_*.py"),
}
_ASIDE = ("tests/", "test/", "docs/", "examples/", "benchmarks/")
"""Folders whose Python registers nothing for the package itself."""


_NO_REASONS: Mapping[str, str] = MappingProxyType({})


class SettingsError(Exception):
    """The settings cannot be used. The message says what was expected, what came, and what to do."""


class Settings(NamedTuple):
    """`[tool.transformers-export]`; every key is optional. Keys are written with `-` for `_`."""

    configurations: tuple[str, ...] = ()
    """Patterns of the files that hold configurations, e.g. `src/acme/*/configuration_*.py`."""
    registry: str | None = None
    matrix: str | None = None
    docs: str | None = None
    python: str | None = None
    """The project interpreter."""
    install: str | None = None
    """What the action runs to install the repository."""
    targets: tuple[Literal["onnx", "torchscript"], ...] = ("onnx",)
    exporter: Literal["dynamo", "legacy", "both", "auto"] = "dynamo"
    opset: int | None = None
    atol: float | None = None
    timeout: float | None = None
    """Seconds a case may take."""
    memory_limit: int | str | None = None
    """Bytes a case may use, or e.g. `"4GiB"`; see `memory_bytes`."""
    jobs: int | None = None
    cache: bool = True
    """False: nothing is reused, every check exports everything anew."""
    expected_failures: Mapping[str, str] = _NO_REASONS
    """`model type`, `model type/feature` or `model type/feature/exporter` (`*` allowed) to the reason."""
    ignore: Mapping[str, str] = _NO_REASONS
    """A rule, `rule:subject`, a path or a model type (`*` allowed) to the reason."""

    @property
    def memory_bytes(self) -> int | None:
        """The memory limit in bytes."""
        return parse_memory(self.memory_limit) if isinstance(self.memory_limit, str) else self.memory_limit


class Project(NamedTuple):
    """The checked repository."""

    root: StrPath
    settings: Settings
    layout: Layout
    registries: tuple[str, ...]
    """The files that register features; a package may have several."""
    matrix: str | None
    docs: str | None
    patterns: tuple[str, ...]
    """Which files hold configurations."""
    auto_registrations: tuple[str, ...]
    """A package's files that call `AutoModel...register` or `AutoConfig.register`."""

    parsed: Parsed
    """What was parsed to find all this; snapshots go on from it."""

    @property
    def registry(self) -> str | None:
        """The first registry file, where there is one."""
        return self.registries[0] if self.registries else None

    def snapshot(self, tree: Tree) -> Snapshot:
        """The readers on the tree this project was opened with."""
        return self._snapshot(tree, self.parsed)

    def base_snapshot(self, tree: Tree, head: Snapshot) -> Snapshot:
        """The readers on the tree the head is compared with; what the head has parsed is not parsed again.

        Its layout is recognised anew, under its own settings: a change may add the registry, or point the settings at
        another. Where those cannot be read, the head's stand in. What either tree calls a configuration is one in both.
        """
        modules = Modules(tree, head.parsed)
        try:
            settings = read_settings(tree)
        except SettingsError:  # which the change mends
            settings = self.settings
        if settings.registry and not tree.exists(settings.registry):
            settings = settings._replace(registry=None)
        before = _assemble(self.root, tree, settings._replace(matrix=None, docs=None), modules)
        matrix = self.matrix if self.matrix and tree.exists(self.matrix) else before.matrix
        docs = self.docs if self.docs and tree.exists(self.docs) else before.docs
        base = before._replace(matrix=matrix, docs=docs)._snapshot(tree, head.parsed)
        head.widen(base)
        base.widen(head)
        return base

    def _snapshot(self, tree: Tree, parsed: Parsed) -> Snapshot:
        return Snapshot(
            tree,
            self.layout,
            patterns=self.patterns,
            registries=self.registries,
            auto_registrations=self.auto_registrations,
            matrix=self.matrix,
            docs=self.docs,
            aside=() if self.settings.configurations else _ASIDE,
            parsed=parsed,
        )


def open_project(root: StrPath, tree: Tree, parsed: Parsed | None = None) -> Project:
    """Recognise the layout of a tree and find its parts; settings win over what is found.

    Args:
        root: The repository's root.
        tree: One state of its files.
        parsed: Files that were parsed for another state of them; what is parsed now is added.

    Raises:
        SettingsError: Unreadable settings, an unknown key, or a named file that does not exist.
    """
    settings = read_settings(tree)
    for key in ("registry", "matrix", "docs"):
        path = getattr(settings, key)
        if path is not None and not tree.exists(path):
            raise SettingsError(
                f"[tool.{_TABLE}] {key} = {path!r}: no such file in {tree.label}. Name a file relative to the root."
            )
    return _assemble(root, tree, settings, Modules(tree, parsed))


def _assemble(root: StrPath, tree: Tree, settings: Settings, modules: Modules) -> Project:
    layout, registries, auto = _recognise(tree, settings, modules)
    return Project(
        root=root,
        settings=settings,
        layout=layout,
        registries=registries,
        matrix=settings.matrix or _first(tree, _MATRICES),
        docs=settings.docs or _first(tree, _DOCS),
        patterns=settings.configurations or _PATTERNS[layout],
        auto_registrations=auto,
        parsed=modules.parsed,
    )


def read_settings(tree: Tree) -> Settings:
    """The settings in a tree's pyproject.toml.

    Raises:
        SettingsError: No valid TOML, an unknown key, or a value of another type.
    """
    content = tree.read("pyproject.toml")
    if content is None or _TABLE.encode() not in content:
        return Settings()
    table = _toml(content, tree.label).get("tool", {}).get(_TABLE)
    return decode_settings(table) if table is not None else Settings()


def decode_settings(table: object) -> Settings:
    """Settings from the table as TOML has it.

    Raises:
        SettingsError: An unknown key, or a value of another type.
    """
    from typing import get_type_hints

    import msgspec  # 15 ms that a repository without settings does not pay

    types = get_type_hints(Settings)
    valid = {name.replace("_", "-") for name in types}
    if not isinstance(table, dict):
        raise SettingsError(f"[tool.{_TABLE}] must be a table, got {type(table).__name__}.")
    for key in table:
        if key not in valid:
            raise SettingsError(f"[tool.{_TABLE}] has an unknown key {key!r}. Valid keys: {', '.join(sorted(valid))}.")
    try:
        written = {key.replace("-", "_"): value for key, value in table.items()}
        checked = msgspec.convert(written, msgspec.defstruct("Settings", [(*item, None) for item in types.items()]))
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"[tool.{_TABLE}]: {str(error).replace('_', '-')}. Correct it in pyproject.toml."
        ) from error
    settings = Settings(**{name: getattr(checked, name) for name in written})
    _require_sensible(settings)
    return settings


def parse_memory(written: str) -> int:
    """Bytes of `"8GiB"`, `"500 MB"` or `"1000000"`.

    Raises:
        SettingsError: Anything else.
    """
    number = written.strip()
    factor = 1
    for unit, size in _UNITS.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit).strip(), size
            break
    try:
        found = int(float(number) * factor)
    except (ValueError, OverflowError):
        found = 0
    if not 0 < found <= _MOST_BYTES:
        raise SettingsError(
            f"{written!r} is no amount of memory: expected bytes, or a number with {', '.join(_UNITS)}."
        )
    return found


def _require_sensible(settings: Settings) -> None:
    if not settings.targets:
        raise SettingsError(f'[tool.{_TABLE}]: targets is empty: expected "onnx", "torchscript" or both.')
    for key in ("opset", "timeout", "jobs", "atol", "memory_limit"):
        value = getattr(settings, key)
        if isinstance(value, (int, float)) and not 0 < value <= _MOST.get(key, _MOST_BYTES):  # TOML has nan and inf
            most = f" and at most {_MOST.get(key, _MOST_BYTES):g}" if value > 0 else ""
            written = f"{key.replace('_', '-')} = {_short(value)}"
            raise SettingsError(f"[tool.{_TABLE}] {written}: expected a number above zero{most}.")
    if isinstance(settings.memory_limit, str):
        parse_memory(settings.memory_limit)
    for name, reasons in (("expected-failures", settings.expected_failures), ("ignore", settings.ignore)):
        for key, reason in reasons.items():
            if not reason.strip():
                raise SettingsError(f"[tool.{_TABLE}.{name}] {key!r} has no reason: write why, the report shows it.")


def _short(value: float) -> str:
    try:
        return f"{value:g}"
    except OverflowError:
        return "an enormous number"


def _toml(content: bytes, label: str) -> dict[str, Any]:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]
    try:
        table: dict[str, Any] = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number or a nesting beyond what Python reads
        raise SettingsError(f"pyproject.toml of {label} is no valid TOML: {error}. Correct it there.") from error
    return table


def _recognise(tree: Tree, settings: Settings, modules: Modules) -> tuple[Layout, tuple[str, ...], tuple[str, ...]]:
    """The layout, its registry files and a package's files that register Auto classes."""
    for path in (_TRANSFORMERS_REGISTRY, _FIRST_REGISTRY):
        if tree.exists(path) and (path != _FIRST_REGISTRY or modules.mentions(path, "SUPPORTED_MODEL_KIND = {")):
            return "transformers-4", (settings.registry or path,), ()
    if tree.exists("src/transformers/__init__.py"):
        return "transformers-5", (settings.registry,) if settings.registry else (), ()
    configuration = tree.read("config.json")
    if configuration is not None and b'"auto_map"' in configuration:
        return "remote-code", (), ()
    found = [path for path in tree.search([".register(", "FeaturesManager"], "*.py") if not path.startswith(_ASIDE)]
    registries = [path for path in found if registry.registers(modules, path)]
    auto = tuple(path for path in found if modeling.registers(modules, path))
    if settings.registry:
        return "package", (settings.registry,), auto
    return ("package", tuple(registries), auto) if registries else ("none", (), auto)


def _first(tree: Tree, paths: tuple[str, ...]) -> str | None:
    return next((path for path in paths if tree.exists(path)), None)
