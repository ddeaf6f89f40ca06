"""What an expression in `inputs` or `outputs` is: names, a sequence of texts, a decision; see `declared.py`.

What is of no interest (axes, numbers) is `OTHER`; what is not understood ends the reading with `NotRead`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from transformers_export import cache_names
from transformers_export.source import python
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.source.lineage import Lineage

    Ask = Callable[[Lineage, Lineage, "Question"], "list[Names]"]

_READERS = ("len", "list", "tuple", "set", "sorted", "enumerate", "zip", "isinstance", "any", "all")
"""Functions that change nothing they are given."""
PAST = {"inputs": cache_names.DECLARED, "outputs": "present"}
_PLACES = {"task": 1, "use_past": 3}
"""Where the constructor of a configuration takes them."""


class Spot(NamedTuple):
    """Where a name is declared."""

    path: str
    line: int
    column: int


Names = dict[str, Spot]
"""Declared names in order. Of past key values only the first word, as often as there are layers."""


class Question(NamedTuple):
    """What is asked: which property, for which task, with past or without."""

    name: str
    """`inputs` or `outputs`."""
    task: str
    use_past: bool


class NotRead(Exception):  # noqa: N818 - not an error: it becomes an `Unread`
    """Something on the way is not understood."""

    def __init__(self, path: str, node: ast.AST, why: str) -> None:
        super().__init__(why)
        self.unread = Unread(path, getattr(node, "lineno", 1), why)


class _Other:
    """A value that is of no interest: axes, numbers."""


class Part:
    """Another configuration that `__init__` builds and keeps: what it declares may be handed on."""

    def __init__(self, line: Lineage, task: str, use_past: bool) -> None:
        self.line = line
        self.task = task
        self.use_past = use_past


OTHER = _Other()
Value = Names | tuple[str, ...] | str | bool | Part | _Other
Environment = dict[str, Value]


class Asked(NamedTuple):
    """The same property of a base class, or of a part."""

    whole: Lineage
    line: Lineage
    question: Question


class Values:
    """Reads the expressions of one property of one class."""

    def __init__(self, line: Lineage, item: python.Class, question: Question, ask: Ask) -> None:
        self.line = line
        self.item = item
        self.question = question
        self._ask = ask

    def stop(self, node: ast.AST, why: str) -> NotRead:
        """The end of the reading, at a place."""
        return NotRead(self.item.path, node, f"{self.question.name} of {self.item.name}: {why}")

    def ask(self, asked: Asked) -> list[Names]:
        """What the property gives elsewhere, once for each way through it."""
        return self._ask(asked.whole, asked.line, asked.question)

    def value(self, node: ast.expr | None, known: Environment) -> Value:
        """What an expression is, as far as it is of interest."""
        if node is None:
            return OTHER
        if isinstance(node, Given):
            return dict(node.names)
        above = self.above(node)
        if above is not None:
            ways = self.ask(above)
            if len(ways) != 1:
                raise self.stop(node, "what the base class declares depends on the model")
            return dict(ways[0])
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (str, bool)) else OTHER
        if isinstance(node, ast.Name):
            return known.get(node.id, OTHER)
        if isinstance(node, ast.IfExp):
            decided = self.decide(node.test, known)
            return OTHER if decided is None else self.value(node.body if decided else node.orelse, known)
        if isinstance(node, ast.Dict):
            return self._mapping(list(zip(node.keys, node.values, strict=True)), known)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return self._sequence(node, known)
        if isinstance(node, ast.DictComp):
            return self._comprehension(node, known)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            left, right = self.value(node.left, known), self.value(node.right, known)
            return {**left, **right} if isinstance(left, dict) and isinstance(right, dict) else OTHER
        if isinstance(node, ast.Call):
            return self._called(node, known)
        return self._attribute(node, known)

    def _mapping(self, pairs: list[tuple[ast.expr | None, ast.expr]], known: Environment) -> Value:
        names: Names = {}
        for key, value in pairs:
            if key is None:
                more = self.value(value, known)
                if not isinstance(more, dict):
                    return OTHER
                for name, spot in more.items():
                    names.setdefault(name, spot)
                continue
            written = self.key(key, known)
            if written is None:
                return OTHER  # axes: number to name
            names.setdefault(written, self.spot(key))
        return names

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, known: Environment) -> Value:
        pairs = python.pairs(node) if node.elts else None
        if pairs is not None and all(key is not None and self.key(key, known) is not None for key, _ in pairs):
            return self._mapping(pairs, known)
        texts = [python.text(item) for item in node.elts]
        found = tuple(item for item in texts if item is not None)
        return found if len(found) == len(texts) and found else OTHER

    def _comprehension(self, node: ast.DictComp, known: Environment) -> Value:
        """`{name: axes for name in names}`, also over the `.items()` of a mapping."""
        loop = node.generators[0]
        over = self.value(loop.iter, known)
        target = first(loop.target) if is_items(loop.iter) else loop.target
        same = isinstance(node.key, ast.Name) and isinstance(target, ast.Name) and node.key.id == target.id
        if len(node.generators) != 1 or loop.ifs or not same:
            return OTHER
        if isinstance(over, tuple):
            return dict.fromkeys(over, self.spot(loop.iter))
        return dict(over) if isinstance(over, dict) else OTHER

    def _called(self, node: ast.Call, known: Environment) -> Value:
        called = (python.dotted(node.func) or "").rpartition(".")[2]
        if called in ("OrderedDict", "dict", "deepcopy", "copy") and isinstance(node.func, ast.Attribute):
            subject = self.value(node.func.value, known)
            if not node.args:
                return dict(subject) if isinstance(subject, dict) else OTHER
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "keys") and not node.args:
            return self.value(node.func.value, known)
        if called not in ("OrderedDict", "dict", "deepcopy", "copy") or len(node.args) > 1:
            if called not in _READERS and any(isinstance(self.value(item, known), dict) for item in node.args):
                raise self.stop(node, "a call may change the names")
            return OTHER
        names = self.value(node.args[0], known) if node.args else {}
        if not isinstance(names, dict) or any(item.arg is None for item in node.keywords):
            return OTHER
        return {**names, **{item.arg: self.spot(item.value) for item in node.keywords if item.arg}}

    def _attribute(self, node: ast.expr, known: Environment) -> Value:
        """`self.task`, `self.use_past`, a constant of the class, and its table of outputs for the task."""
        if isinstance(node, ast.Subscript):
            table = self._constant(node.value)
            if isinstance(table, ast.Dict) and self.value(node.slice, known) == self.question.task:
                for key, value in zip(table.keys, table.values, strict=True):
                    if python.text(key) == self.question.task:
                        return self.value(value, known)
            return OTHER
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            if node.attr == "task":
                return self.question.task
            if node.attr == "use_past":
                return self.question.use_past
            part = self._part(node)
            if part is not None:
                return part
            constant = self._constant(node)
            return self.value(constant, known) if isinstance(constant, (ast.Tuple, ast.List, ast.Constant)) else OTHER
        return OTHER

    def _constant(self, node: ast.expr) -> ast.expr | None:
        """What the class, or a base, assigns to `self.<name>` in its body; None where `self.<name>` is set later."""
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"):
            return None
        found = self.line.assigned(node.attr)
        if found is None or any(node.attr in item.set_on_objects for item in self.line.classes):
            return None
        return found[1] if found else None

    def key(self, node: ast.expr, known: Environment) -> str | None:
        """The name a key stands for; of past key values its first word."""
        if isinstance(node, ast.JoinedStr):
            first = node.values[0] if node.values else None
            if isinstance(first, ast.FormattedValue):
                value = self.value(first.value, known)
                second = python.text(node.values[1]) if len(node.values) > 1 else None
                return value if isinstance(value, str) and second and second.startswith(".") else None
            head, dot, _ = (python.text(first) or "").partition(".")
            return head if head and dot else None
        value = self.value(node, known)
        return value.partition(".")[0] if isinstance(value, str) else None

    def decide(self, node: ast.expr, known: Environment) -> bool | None:
        """Whether a condition holds; None where that depends on more than the task and past."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.decide(node.operand, known)
            return None if inner is None else not inner
        if isinstance(node, ast.BoolOp):
            parts = [self.decide(item, known) for item in node.values]
            decisive = isinstance(node.op, ast.Or)
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compare(node, known)
        value = self.value(node, known)
        return True if isinstance(value, Part) else value if isinstance(value, bool) else None

    def _compare(self, node: ast.Compare, known: Environment) -> bool | None:
        left, how = self.value(node.left, known), node.ops[0]
        right = self.value(node.comparators[0], known)
        if any(isinstance(side, (_Other, Part)) for side in (left, right)):
            return None
        if isinstance(how, (ast.Eq, ast.Is)):
            return left == right
        if isinstance(how, (ast.NotEq, ast.IsNot)):
            return left != right
        if any(isinstance(side, str) and ("." in side or side in PAST.values()) for side in (left, right)):
            return None  # the names of past key values are read by their first word alone
        if isinstance(left, str) and isinstance(right, (tuple, dict, str)) and isinstance(how, (ast.In, ast.NotIn)):
            return (left in right) == isinstance(how, ast.In)
        return None

    def above(self, node: ast.expr) -> Asked | None:
        """What `super().inputs` asks, or `super(Base, self).inputs`, or `self.<part>.inputs`."""
        if not (isinstance(node, ast.Attribute) and node.attr == self.question.name):
            return None
        call = node.value
        part = self._part(call)
        if isinstance(part, Part):
            return Asked(part.line, part.line, Question(self.question.name, part.task, part.use_past))
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "super"):
            return None
        named = python.dotted(call.args[0]) if call.args else self.item.name
        return Asked(self.line, self.line.after((named or "").rpartition(".")[2]), self.question)

    def _part(self, node: ast.expr) -> Part | bool | None:
        """What `self.<name>` is, where an `__init__` assigns it another configuration, for some tasks or for all.

        False where it is None for this task; None for anything else.
        """
        name = python.dotted(node) or ""
        if not name.startswith("self.") or name.count(".") > 1:
            return None
        stores = [
            (item, function, statement)
            for item in self.line.classes
            for function in item.node.body
            if isinstance(function, ast.FunctionDef)
            for statement in python.walk(function)
            if isinstance(statement, ast.Assign) and name in map(python.dotted, statement.targets)
        ]
        everywhere = sum(name.partition(".")[2] in item.set_on_objects for item in self.line.classes)
        if len(stores) != 1 or everywhere != 1 or stores[0][1].name != "__init__":
            return None
        item, function, statement = stores[0]
        given = self._given(function)
        value = statement.value
        if isinstance(value, ast.IfExp):
            decided = self.decide(value.test, given)
            value = value.body if decided else value.orelse
            if decided is None:
                return None
        if isinstance(value, ast.Constant) and value.value is None:
            return False
        return self._built(item, value, given) if isinstance(value, ast.Call) else None

    def _given(self, function: ast.FunctionDef) -> Environment:
        """What the arguments of an `__init__` are, as far as they are known and stay what they are."""
        listed = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
        changed = {
            node.id
            for node in python.walk(function)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        known: Environment = {"task": self.question.task, "use_past": self.question.use_past}
        return {name: value for name, value in known.items() if name in listed - changed}

    def _built(self, item: python.Class, call: ast.Call, given: Environment) -> Part | None:
        """The configuration that a call builds, where task and past are known."""
        called = python.dotted(call.func)
        line = self.line.beside(item, called) if called else None
        if line is None or any(isinstance(node, ast.Starred) for node in call.args):
            return None
        found: Environment = {"task": "default", "use_past": False}
        for name, place in _PLACES.items():
            nodes = [*call.args[place : place + 1], *(each.value for each in call.keywords if each.arg == name)]
            if nodes:
                found[name] = self.value(nodes[0], given)
        task, use_past = found["task"], found["use_past"]
        known = isinstance(task, str) and isinstance(use_past, bool) and all(each.arg for each in call.keywords)
        return Part(line, task, use_past) if known and isinstance(task, str) and isinstance(use_past, bool) else None

    def spot(self, node: ast.expr) -> Spot:
        """Where something is written."""
        return Spot(self.item.path, node.lineno, node.col_offset + 1)


def is_items(node: ast.expr) -> bool:
    """Whether it is the `.items()` of something."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items"


def first(target: ast.expr) -> ast.expr | None:
    """The name in `for name, axes in ...items()`."""
    return target.elts[0] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None


class Given(ast.expr):
    """Stands in a statement for names that are known already."""

    def __init__(self, names: Names) -> None:
        super().__init__(lineno=1, col_offset=0)
        self.names = names
