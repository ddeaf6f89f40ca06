"""What an ONNX configuration class declares as `inputs` and `outputs` for one task, with past key values or without.

The property is followed statement by statement. What depends on the task or on `use_past` is decided; a condition on
anything else is followed both ways, so that there may be several answers. Anything that is not understood ends the
reading with `NotRead`: nothing is guessed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from transformers_export.source import python
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.lineage import Lineage

MOST_WAYS = 32
"""Different answers a property may give."""
MOST_BRANCHES = 2000
"""Branches that are followed, however many lead to the same answer."""
_READERS = ("len", "list", "tuple", "set", "sorted", "enumerate", "zip", "isinstance", "any", "all")
"""Functions that change nothing they are given."""
_FILL = "fill_with_past_key_values_"
_PAST = {"inputs": "past_key_values", "outputs": "present"}


class Spot(NamedTuple):
    """Where a name is declared."""

    path: str
    line: int
    column: int


Names = dict[str, Spot]
"""Declared names in order. Of past key values only the first word, as often as there are layers."""


@dataclass(frozen=True)
class Declared:
    """What a property gives: one mapping for each way through it; none at all where it returns nothing."""

    ways: tuple[Names, ...]


class NotRead(Exception):  # noqa: N818 - not an error: it becomes an `Unread`
    """Something on the way is not understood."""

    def __init__(self, path: str, node: ast.AST, why: str) -> None:
        super().__init__(why)
        self.unread = Unread(path, getattr(node, "lineno", 1), why)


class _Other:
    """A value that is of no interest: axes, numbers."""


OTHER = _Other()
Value = Names | tuple[str, ...] | str | bool | _Other
Environment = dict[str, Value]


@dataclass(frozen=True)
class Question:
    """What is asked: which property, for which task, with past or without."""

    name: str
    """`inputs` or `outputs`."""
    task: str
    use_past: bool


def read(line: Lineage, question: Question) -> Declared | Unread:
    """What the first class of a lineage declares."""
    try:
        return Declared(tuple(_ask(line, line, question)))
    except NotRead as stopped:
        return stopped.unread
    except RecursionError:
        return Unread(line.classes[0].path, line.classes[0].line, f"{question.name} is nested too deeply")


def _ask(whole: Lineage, line: Lineage, question: Question) -> list[Names]:
    """What the property gives when it is looked up in `line`, a part of the `whole` lineage."""
    found = line.function(question.name)
    if found is None or not (line.complete or line.classes[0] == found[0]):
        first = whole.classes[0]
        raise NotRead(first.path, first.node, f"{question.name} of {first.name} comes from a class that is not here")
    item, function = found
    if not any(python.dotted(mark) == "property" for mark in function.decorator_list):
        raise NotRead(item.path, function, f"{question.name} of {item.name} is no plain property")
    reading = _Reading(whole, item, question)
    ways: list[Names] = []
    for value in reading.run(list(function.body), {}):
        if value is None:
            continue
        if not isinstance(value, dict):
            raise NotRead(item.path, function, f"what {question.name} of {item.name} returns is computed")
        if not any(list(value) == list(way) for way in ways):
            ways.append(value)
        if len(ways) > MOST_WAYS:
            raise NotRead(item.path, function, f"{question.name} of {item.name} has too many conditions")
    return ways


class _Reading:
    """Follows one property of one class."""

    def __init__(self, line: Lineage, item: python.Class, question: Question) -> None:
        self.line = line
        self.item = item
        self.question = question
        self.left = MOST_BRANCHES

    def stop(self, node: ast.AST, why: str) -> NotRead:
        return NotRead(self.item.path, node, f"{self.question.name} of {self.item.name}: {why}")

    # --- statements -------------------------------------------------------------------------------------------------

    def run(self, statements: list[ast.stmt], known: Environment) -> Iterator[Value | None]:
        """What is returned, once for each way through; None where nothing is."""
        self.left -= 1
        if self.left < 0:
            raise self.stop(self.item.node, "too many conditions")
        for number, statement in enumerate(statements):
            rest = statements[number + 1 :]
            if isinstance(statement, ast.Return):
                yield from self._return(statement, known)
                return
            if isinstance(statement, ast.Raise):
                return
            if self._is_open(statement, known) and self._is_harmless(statement, known):
                continue
            if isinstance(statement, ast.If):
                yield from self._if(statement, rest, known)
                return
            if isinstance(statement, ast.For):
                yield from self._for(statement, rest, known)
                return
            value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
            if value is not None and self._branches(value):
                for choice in self._choices(value, known):
                    yield from self.run([_with_value(statement, choice), *rest], _copied(known))
                return
            self._step(statement, known)
        yield None

    def _return(self, statement: ast.Return, known: Environment) -> Iterator[Value | None]:
        if statement.value is None:
            yield None
        else:
            yield from self._several(statement.value, known)

    def _several(self, node: ast.expr, known: Environment) -> Iterator[Value]:
        """A value; what a base class declares may be several."""
        above = self._above(node)
        if isinstance(node, ast.IfExp):
            for choice in self._choices(node, known):
                yield from self._several(choice, known)
        elif above is not None:
            yield from (dict(way) for way in _ask(self.line, above, self.question))
        else:
            yield self.value(node, known)

    def _branches(self, value: ast.expr) -> bool:
        return isinstance(value, ast.IfExp) or self._above(value) is not None

    def _choices(self, value: ast.expr, known: Environment) -> list[ast.expr]:
        if isinstance(value, ast.IfExp):
            decided = self._decide(value.test, known)
            return [value.body, value.orelse] if decided is None else [value.body if decided else value.orelse]
        above = self._above(value)
        ways = _ask(self.line, above, self.question) if above is not None else []
        return [_Given(way) for way in ways]

    def _if(self, statement: ast.If, rest: list[ast.stmt], known: Environment) -> Iterator[Value | None]:
        decided = self._decide(statement.test, known)
        if decided is not False:
            yield from self.run([*statement.body, *rest], _copied(known))
        if decided is not True:
            yield from self.run([*statement.orelse, *rest], _copied(known))

    def _for(self, statement: ast.For, rest: list[ast.stmt], known: Environment) -> Iterator[Value | None]:
        if statement.orelse or any(isinstance(node, (ast.Break, ast.Continue)) for node in ast.walk(statement)):
            raise self.stop(statement, "this loop is not read")
        over = self.value(statement.iter, known)
        target = _first(statement.target) if _is_items(statement.iter) else statement.target
        if isinstance(over, (tuple, dict)) and isinstance(target, ast.Name):
            steps: list[ast.stmt] = []
            for name in over:
                constant = ast.copy_location(ast.Constant(name), statement)
                steps += [ast.copy_location(ast.Assign([target], constant), statement), *statement.body]
            known.update((node.id, OTHER) for node in ast.walk(statement.target) if isinstance(node, ast.Name))
            yield from self.run([*steps, *rest], known)
            return
        for node in ast.walk(statement.target):
            if isinstance(node, ast.Name):
                known[node.id] = OTHER
        # Whatever it runs over, its body does the same to names each time: layers are not told apart.
        yield from self.run([*statement.body, *rest], known)

    def _is_open(self, statement: ast.stmt, known: Environment) -> TypeGuard[ast.If | ast.For]:
        """Whether it is a loop, or a condition that is not decided by the task and past."""
        if isinstance(statement, ast.If):
            return self._decide(statement.test, known) is None
        return isinstance(statement, ast.For)

    def _is_harmless(self, statement: ast.If | ast.For, known: Environment) -> bool:
        """Whether a condition or loop neither returns nor changes names; what it assigns is of no interest then."""
        stored: list[str] = []
        for part in [*statement.body, *statement.orelse]:
            for node in ast.walk(part):
                if isinstance(node, (ast.Return, ast.Raise, ast.Dict, ast.DictComp)):
                    return False
                if isinstance(node, ast.Name) and isinstance(known.get(node.id), dict):
                    return False
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    stored.append(node.id)
        known.update(dict.fromkeys(stored, OTHER))
        return True

    def _step(self, statement: ast.stmt, known: Environment) -> None:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value, known)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, statement.value, known)
        elif isinstance(statement, ast.Expr):
            self._call(statement.value, known)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                names, key = self._place(target, known)
                if names is not None and (key is None or names.pop(key, None) is None):
                    raise self.stop(statement, "what is deleted is computed")
        elif isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass, ast.Assert)):
            return
        else:
            raise self.stop(statement, "this statement is not read")

    def _assign(self, target: ast.expr, value: ast.expr, known: Environment) -> None:
        if isinstance(target, ast.Name):
            known[target.id] = self.value(value, known)
        elif isinstance(target, ast.Tuple):
            for node in target.elts:
                if isinstance(node, ast.Name):
                    known[node.id] = OTHER
        elif isinstance(target, ast.Subscript):
            names, key = self._place(target, known)
            if names is not None:
                if key is None:
                    raise self.stop(target, "a name is computed")
                names.setdefault(key, self._spot(target.slice))

    def _place(self, target: ast.expr, known: Environment) -> tuple[Names | None, str | None]:
        """The mapping and the name in `mapping[name]`; no mapping where it is something else's."""
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            names = known.get(target.value.id)
            if isinstance(names, dict):
                return names, self._key(target.slice, known)
        return None, None

    def _call(self, node: ast.expr, known: Environment) -> None:
        """A call for its effect."""
        if not isinstance(node, ast.Call):
            return
        given = [*node.args, *(item.value for item in node.keywords)]
        mappings = [item for item in given if isinstance(item, ast.Name) and isinstance(known.get(item.id), dict)]
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            subject = known.get(node.func.value.id)
            if isinstance(subject, dict):
                self._change(node, node.func.attr, subject, known)
                return
            if node.func.value.id == "self" and node.func.attr == _FILL and mappings:
                names = known[mappings[0].id]
                word = self._direction(node)
                if isinstance(names, dict):
                    names.setdefault(word, self._spot(node))
                return
        if mappings:
            raise self.stop(node, "a call may change the names")

    def _direction(self, node: ast.Call) -> str:
        named = [item.value for item in node.keywords if item.arg == "direction"]
        given = [*node.args[1:2], *named]
        direction = python.text(given[0]) if given else None
        if direction is None or direction not in _PAST:
            raise self.stop(node, "the direction of past key values is computed")
        return _PAST[direction]

    def _change(self, node: ast.Call, method: str, names: Names, known: Environment) -> None:
        key = self._key(node.args[0], known) if node.args else None
        if method == "update" and len(node.args) <= 1:
            for value in node.args:
                more = self.value(value, known)
                if not isinstance(more, dict):
                    raise self.stop(node, "a name is computed")
                for name, spot in more.items():
                    names.setdefault(name, spot)
            for item in node.keywords:
                if item.arg is None:
                    raise self.stop(node, "a name is computed")
                names.setdefault(item.arg, self._spot(item.value))
        elif key is not None and method == "pop":
            names.pop(key, None)
        elif key is not None and method == "setdefault":
            names.setdefault(key, self._spot(node.args[0]))
        elif key in names and method == "move_to_end" and len(node.args) == 1 and not node.keywords:
            names[key] = names.pop(key)
        else:
            raise self.stop(node, f"{method} is not read")

    # --- values -----------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr | None, known: Environment) -> Value:
        """What an expression is, as far as it is of interest."""
        if node is None:
            return OTHER
        if isinstance(node, _Given):
            return dict(node.names)
        above = self._above(node)
        if above is not None:
            ways = _ask(self.line, above, self.question)
            if len(ways) != 1:
                raise self.stop(node, "what the base class declares depends on the model")
            return dict(ways[0])
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (str, bool)) else OTHER
        if isinstance(node, ast.Name):
            return known.get(node.id, OTHER)
        if isinstance(node, ast.IfExp):
            decided = self._decide(node.test, known)
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
            written = self._key(key, known)
            if written is None:
                return OTHER  # axes: number to name
            names.setdefault(written, self._spot(key))
        return names

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, known: Environment) -> Value:
        pairs = python.pairs(node) if node.elts else None
        if pairs is not None and all(key is not None and self._key(key, known) is not None for key, _ in pairs):
            return self._mapping(pairs, known)
        texts = [python.text(item) for item in node.elts]
        found = tuple(item for item in texts if item is not None)
        return found if len(found) == len(texts) and found else OTHER

    def _comprehension(self, node: ast.DictComp, known: Environment) -> Value:
        """`{name: axes for name in names}`, also over the `.items()` of a mapping."""
        loop = node.generators[0]
        over = self.value(loop.iter, known)
        target = _first(loop.target) if _is_items(loop.iter) else loop.target
        same = isinstance(node.key, ast.Name) and isinstance(target, ast.Name) and node.key.id == target.id
        if len(node.generators) != 1 or loop.ifs or not same:
            return OTHER
        if isinstance(over, tuple):
            return dict.fromkeys(over, self._spot(loop.iter))
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
        return {**names, **{item.arg: self._spot(item.value) for item in node.keywords if item.arg}}

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

    def _key(self, node: ast.expr, known: Environment) -> str | None:
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

    def _decide(self, node: ast.expr, known: Environment) -> bool | None:
        """Whether a condition holds; None where that depends on more than the task and past."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._decide(node.operand, known)
            return None if inner is None else not inner
        if isinstance(node, ast.BoolOp):
            parts = [self._decide(item, known) for item in node.values]
            decisive = isinstance(node.op, ast.Or)
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compare(node, known)
        value = self.value(node, known)
        return value if isinstance(value, bool) else None

    def _compare(self, node: ast.Compare, known: Environment) -> bool | None:
        left, how = self.value(node.left, known), node.ops[0]
        right = self.value(node.comparators[0], known)
        if isinstance(left, _Other) or isinstance(right, _Other):
            return None
        if isinstance(how, (ast.Eq, ast.Is)):
            return left == right
        if isinstance(how, (ast.NotEq, ast.IsNot)):
            return left != right
        if any(isinstance(side, str) and ("." in side or side in _PAST.values()) for side in (left, right)):
            return None  # the names of past key values are read by their first word alone
        if isinstance(left, str) and isinstance(right, (tuple, dict, str)) and isinstance(how, (ast.In, ast.NotIn)):
            return (left in right) == isinstance(how, ast.In)
        return None

    def _above(self, node: ast.expr) -> Lineage | None:
        """Where `super().inputs` looks, or `super(Base, self).inputs`."""
        if not (isinstance(node, ast.Attribute) and node.attr == self.question.name):
            return None
        call = node.value
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "super"):
            return None
        named = python.dotted(call.args[0]) if call.args else self.item.name
        return self.line.after((named or "").rpartition(".")[2])

    def _spot(self, node: ast.expr) -> Spot:
        return Spot(self.item.path, node.lineno, node.col_offset + 1)


def _is_items(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items"


def _first(target: ast.expr) -> ast.expr | None:
    """The name in `for name, axes in ...items()`."""
    return target.elts[0] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None


class _Given(ast.expr):
    """Stands in a statement for names that are known already."""

    def __init__(self, names: Names) -> None:
        super().__init__(lineno=1, col_offset=0)
        self.names = names


def _with_value(statement: ast.stmt, value: ast.expr) -> ast.stmt:
    if isinstance(statement, ast.Assign):
        return ast.copy_location(ast.Assign(statement.targets, value), statement)
    target = statement.target if isinstance(statement, ast.AnnAssign) else None
    return ast.copy_location(ast.Assign([target] if target else [], value), statement)


def _copied(known: Environment) -> Environment:
    """Each way through changes its own mappings; two names of one mapping stay one."""
    copies: dict[int, Names] = {}
    found: Environment = {}
    for name, value in known.items():
        found[name] = copies.setdefault(id(value), dict(value)) if isinstance(value, dict) else value
    return found
