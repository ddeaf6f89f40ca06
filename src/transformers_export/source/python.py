"""One Python file as its syntax tree says it: classes, imports, string constants, `__all__`.

What ONNX configurations, registries and matrices look like is not known here; see the readers beside this file.
"""

from __future__ import annotations

import ast
import warnings
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_DEEP = 20
"""How many lists inside lists are followed: a list can hold itself."""


class Unread(NamedTuple):
    """Something a reader could not read. It raises no finding; it is reported."""

    path: str
    line: int
    why: str
    broken: bool = False
    """True for a file that is no valid Python at all."""


class Class:
    """A class at the top of a file. Two are the same when they stand at the same place."""

    def __init__(self, node: ast.ClassDef, path: str) -> None:
        self.node = node
        self.name = node.name
        self.path = path
        self.line = node.lineno
        self.column = node.col_offset + 1
        # A generic base, Base[T], is the class before the bracket.
        bases = (dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases)
        self.bases = tuple(base for base in bases if base)
        """As written: `OnnxConfig`, `onnx.OnnxConfig`."""

    @property
    def _place(self) -> tuple[object, ...]:
        return self.path, self.name, self.line, self.column, self.bases

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Class) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Everything in it, walked once for all who look for something."""
        return tuple(walk(self.node))

    @cached_property
    def set_on_objects(self) -> frozenset[str]:
        """The attributes it assigns to objects anywhere: `self.x = 1`."""
        attributes = (node for node in self.nodes if isinstance(node, ast.Attribute))
        return frozenset(node.attr for node in attributes if isinstance(node.ctx, ast.Store))

    @cached_property
    def brings(self) -> frozenset[str]:
        """Every name an object of the class may have by it: what its body defines, and what is set on objects."""
        return self.set_on_objects.union(_defined(self.node))


def walk(node: ast.AST) -> list[ast.AST]:
    """The node and everything below it in the order of `ast.walk`, which takes three times as long."""
    found = [node]
    for each in found:  # grows on the way
        found += children(each)
    return found


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one."""
    found: list[ast.AST] = []
    for value in vars(node).values():
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
    return found


def _defined(node: ast.AST) -> Iterator[str]:
    """The names a class body defines, those under a condition too, but not what its functions keep to themselves."""
    waiting = children(node)
    while waiting:
        child = waiting.pop()
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child.name
            continue
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).partition(".")[0]
        waiting += children(child)


class Source(NamedTuple):
    """What one file says. A file that cannot be parsed has no classes and one `Unread`."""

    path: str
    classes: Mapping[str, Class] = _NOTHING
    imports: Mapping[str, tuple[tuple[int, str], ...]] = _NOTHING
    """Local name to what it stands for, as (number of leading dots, dotted name). More than one where `try` and
    `except` import the same name from two places."""
    stars: tuple[tuple[int, str], ...] = ()
    """Modules of `from x import *`."""
    assigned: Mapping[str, tuple[ast.expr, ...]] = _NOTHING
    """Every value the file's top level assigns to a name, in order."""
    body: tuple[ast.stmt, ...] = ()
    """The statements at the top, those inside `if`, `try` and `with` among them."""
    unread: tuple[Unread, ...] = ()
    others: frozenset[str] = frozenset()
    """Classes of the file that an excerpt leaves out."""

    @property
    def exported(self) -> dict[str, ast.expr] | None:
        """The names in `__all__`, those added later too, or None where the file has none or one that is computed."""
        values = self.assigned.get("__all__", ())
        later = (item.added for item in changes(self.body, "__all__"))
        names: dict[str | None, ast.expr] = {}
        for listed in (*values, *later):
            if not isinstance(listed, (ast.List, ast.Tuple)):
                return None
            names.update((text(item), item) for item in listed.elts)
        if len(values) != 1 or None in names:
            return None
        return {name: item for name, item in names.items() if name is not None}


class Change(NamedTuple):
    """What a statement does to a collection that is written already. None of `one` and `many`: another thing."""

    name: str
    """The collection as written, e.g. `FeaturesManager._SUPPORTED_MODEL_TYPE`."""
    line: int
    key: ast.expr | None = None
    """Of `x[key] = one`, `x[key].append(one)` and `x[key] += many`."""
    one: ast.expr | None = None
    """One item more."""
    many: ast.expr | None = None
    """A collection of items more."""

    @property
    def added(self) -> ast.expr | None:
        """What a list or set holds more; None where that is not known."""
        if self.key is not None:
            return None
        return ast.List([self.one]) if self.one else self.many


def parse(content: bytes, path: str) -> Source:
    """Read a file. What is no Python, or nested too deeply to be read, becomes the source's `unread`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes: the file's own linter says so
            body = tuple(flat(ast.parse(content, path).body))
    except SyntaxError as error:
        return _unread(path, error.lineno or 1, f"no valid Python: {error.msg}")
    except ValueError as error:  # a null byte, or text in no known encoding
        return _unread(path, 1, f"no valid Python: {error}")
    except (RecursionError, MemoryError):
        return _unread(path, 1, "it is nested too deeply to be read")
    classes: dict[str, Class] = {}
    imports: dict[str, tuple[tuple[int, str], ...]] = {}
    assigned: dict[str, tuple[ast.expr, ...]] = {}
    stars: list[tuple[int, str]] = []
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            classes[statement.name] = Class(statement, path)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            stars += _imports(statement, imports)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    assigned[target.id] = (*assigned.get(target.id, ()), statement.value)
    return Source(path, classes, imports, tuple(stars), assigned, body)


def _unread(path: str, line: int, why: str) -> Source:
    return Source(path, unread=(Unread(path, line, why, broken=True),))


def said(node: ast.AST) -> str:
    """What code says, wherever it stands, to be compared; code nested too deeply is like no other."""
    try:
        return ast.dump(node)
    except RecursionError:
        return f"too deep: {id(node)}"


def text(node: ast.expr | None) -> str | None:
    """The string a literal holds, or None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def string(node: ast.expr | None, source: Source) -> str | None:
    """The string a literal holds, or a name that the file's top gives one string and nothing else; None otherwise."""
    if not isinstance(node, ast.Name):
        return text(node)
    values = source.assigned.get(node.id, ())
    return text(values[0]) if len(values) == 1 and _given_once(node.id, source) else None


def _given_once(name: str, source: Source) -> bool:
    """Whether one statement at the top of a file gives a name its value, and no loop, import or function another."""
    return _stores(source.body).get(name) == 1 and name not in source.imports


@lru_cache(maxsize=8)
def _stores(body: tuple[ast.stmt, ...]) -> dict[str, int]:
    """How often each name gets a value at the top of a file; `global` in a function is more than once."""
    found: dict[str, int] = {}
    for statement in body:
        inside = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for node in walk(statement):
            if isinstance(node, ast.Name) and not inside and not isinstance(node.ctx, ast.Load):
                found[node.id] = found.get(node.id, 0) + 1
            elif isinstance(node, ast.Global):
                found.update(dict.fromkeys(node.names, 2))
    return found


def docstring(item: Class) -> str:
    """What the class says of itself, empty where it says nothing."""
    first = item.node.body[0]
    return (text(first.value) or "") if isinstance(first, ast.Expr) else ""


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` for a chain of names, or None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def strings(node: ast.expr, source: Source, depth: int = 0) -> tuple[str, ...] | None:
    """The strings of a literal tuple, list or set, or of a name the file assigns one to exactly once."""
    if isinstance(node, ast.Name):
        values = source.assigned.get(node.id, ())
        if any(changes(source.body, node.id)):
            return None
        return strings(values[0], source, depth) if len(values) == 1 and not isinstance(values[0], ast.Name) else None
    if not isinstance(node, (ast.Tuple, ast.List, ast.Set)) or depth > _DEEP:
        return None
    found: list[str] = []
    for item in node.elts:
        inner = strings(item.value, source, depth + 1) if isinstance(item, ast.Starred) else _one(item, source)
        if inner is None:
            return None
        found.extend(inner)
    return tuple(found)


def pairs(node: ast.expr) -> list[tuple[ast.expr | None, ast.expr]] | None:
    """Keys and values of a dictionary literal, or of `OrderedDict([(key, value), ...])`; None for anything else."""
    if isinstance(node, ast.Dict):
        return list(zip(node.keys, node.values, strict=True))
    if isinstance(node, ast.Call) and (dotted(node.func) or "").rpartition(".")[2] in ("OrderedDict", "dict"):
        if node.keywords or len(node.args) > 1:
            return None
        return pairs(node.args[0]) if node.args else []
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    found: list[tuple[ast.expr | None, ast.expr]] = []
    for item in node.elts:
        if not isinstance(item, ast.Tuple) or len(item.elts) != 2:
            return None
        found.append((item.elts[0], item.elts[1]))
    return found


def changes(statements: Iterable[ast.stmt], *names: str) -> Iterator[Change]:
    """What statements do to collections of these names, or to any; of what a loop does it is only said that it does."""
    for statement in statements:
        looped = isinstance(statement, (ast.For, ast.While))
        for each in walk(statement) if looped else (statement,):
            for change in _changes(each) if isinstance(each, ast.stmt) else ():
                if not names or change.name.rpartition(".")[2] in names:
                    yield Change(change.name, change.line) if looped else change


def _changes(statement: ast.stmt) -> Iterator[Change]:
    if isinstance(statement, (ast.Assign, ast.Delete)):
        value = statement.value if isinstance(statement, ast.Assign) else None
        for target in statement.targets:
            if isinstance(target, ast.Subscript):
                yield from _change(target, one=value)
    elif isinstance(statement, ast.AugAssign):
        yield from _change(statement.target, many=statement.value if isinstance(statement.op, _ADDING) else None)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call, method = statement.value, statement.value.func
        if isinstance(method, ast.Attribute) and method.attr not in _ORDERING:
            given = call.args[0] if len(call.args) == 1 and not call.keywords else None
            one, many = (given if method.attr in names else None for names in (("append", "add"), ("extend", "update")))
            yield from _change(method.value, one=one, many=many)


_ADDING = (ast.Add, ast.BitOr)
_ORDERING = ("sort", "reverse", "move_to_end")
"""Methods that leave the items as they are."""


def _change(target: ast.expr, *, one: ast.expr | None = None, many: ast.expr | None = None) -> Iterator[Change]:
    key = target.slice if isinstance(target, ast.Subscript) else None
    name = dotted(target.value if isinstance(target, ast.Subscript) else target)
    if name:
        yield Change(name, target.lineno, key, one, many)


def inner(source: Source, statement: ast.stmt) -> Source:
    """The file as a function, class or loop at its top sees it: with what is imported there, without what it binds."""
    found, bound = dict(source.imports), set[str]()
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While)):
        for node in walk(statement):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                _imports(node, found)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                bound.add(node.id)
    assigned = {name: values for name, values in source.assigned.items() if name not in bound}
    if found == source.imports and len(assigned) == len(source.assigned):
        return source
    return source._replace(imports=found, assigned=assigned)


def _one(node: ast.expr, source: Source) -> tuple[str, ...] | None:
    value = string(node, source)
    return None if value is None else (value,)


def flat(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of the top level, those under a condition or `try` too: upstream guards imports that way."""
    for statement in statements:
        if isinstance(statement, ast.If):
            yield from flat(statement.body)
            yield from flat(statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from flat(statement.body)
            for handler in statement.handlers:
                yield from flat(handler.body)
            yield from flat(statement.orelse)
            yield from flat(statement.finalbody)
        elif isinstance(statement, ast.With):
            yield from flat(statement.body)
        else:
            yield statement


def _imports(
    statement: ast.Import | ast.ImportFrom, found: dict[str, tuple[tuple[int, str], ...]]
) -> list[tuple[int, str]]:
    stars: list[tuple[int, str]] = []
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            # `import a.b` binds a; `import a.b as c` binds c to a.b
            local, target = (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
            level = 0
        elif alias.name == "*":
            stars.append((statement.level, statement.module or ""))
            continue
        else:
            local, level = alias.asname or alias.name, statement.level
            target = f"{statement.module}.{alias.name}" if statement.module else alias.name
        found[local] = (*found.get(local, ()), (level, target))
    return stars
