"""Follows the statements of `inputs` and `outputs`, one way after the other; see `declared.py`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

from transformers_export.source import python
from transformers_export.source.declared_values import OTHER, PAST, Given, Values, first, is_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.declared_values import Ask, Environment, Names, Question, Value
    from transformers_export.source.lineage import Lineage

MOST_BRANCHES = 2000
"""Branches that are followed, however many lead to the same answer."""
_FILL = "fill_with_past_key_values_"


class Reading(Values):
    """Follows one property of one class."""

    def __init__(self, line: Lineage, item: python.Class, question: Question, ask: Ask) -> None:
        super().__init__(line, item, question, ask)
        self.left = MOST_BRANCHES

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
        above = self.above(node)
        if isinstance(node, ast.IfExp):
            for choice in self._choices(node, known):
                yield from self._several(choice, known)
        elif above is not None:
            yield from (dict(way) for way in self.ask(above))
        else:
            yield self.value(node, known)

    def _branches(self, value: ast.expr) -> bool:
        return isinstance(value, ast.IfExp) or self.above(value) is not None

    def _choices(self, value: ast.expr, known: Environment) -> list[ast.expr]:
        if isinstance(value, ast.IfExp):
            decided = self.decide(value.test, known)
            return [value.body, value.orelse] if decided is None else [value.body if decided else value.orelse]
        above = self.above(value)
        ways = self.ask(above) if above is not None else []
        return [Given(way) for way in ways]

    def _if(self, statement: ast.If, rest: list[ast.stmt], known: Environment) -> Iterator[Value | None]:
        decided = self.decide(statement.test, known)
        if decided is not False:
            yield from self.run([*statement.body, *rest], _copied(known))
        if decided is not True:
            yield from self.run([*statement.orelse, *rest], _copied(known))

    def _for(self, statement: ast.For, rest: list[ast.stmt], known: Environment) -> Iterator[Value | None]:
        if statement.orelse or any(isinstance(node, (ast.Break, ast.Continue)) for node in python.walk(statement)):
            raise self.stop(statement, "this loop is not read")
        over = self.value(statement.iter, known)
        target = first(statement.target) if is_items(statement.iter) else statement.target
        if isinstance(over, (tuple, dict)) and isinstance(target, ast.Name):
            steps: list[ast.stmt] = []
            for name in over:
                constant = ast.copy_location(ast.Constant(name), statement)
                steps += [ast.copy_location(ast.Assign([target], constant), statement), *statement.body]
            known.update((node.id, OTHER) for node in python.walk(statement.target) if isinstance(node, ast.Name))
            yield from self.run([*steps, *rest], known)
            return
        for node in python.walk(statement.target):
            if isinstance(node, ast.Name):
                known[node.id] = OTHER
        # Whatever it runs over, its body does the same to names each time: layers are not told apart.
        yield from self.run([*statement.body, *rest], known)

    def _is_open(self, statement: ast.stmt, known: Environment) -> TypeGuard[ast.If | ast.For]:
        """Whether it is a loop, or a condition that is not decided by the task and past."""
        if isinstance(statement, ast.If):
            return self.decide(statement.test, known) is None
        return isinstance(statement, ast.For)

    def _is_harmless(self, statement: ast.If | ast.For, known: Environment) -> bool:
        """Whether a condition or loop neither returns nor changes names; what it assigns is of no interest then."""
        stored: list[str] = []
        for part in [*statement.body, *statement.orelse]:
            for node in python.walk(part):
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
                names.setdefault(key, self.spot(target.slice))

    def _place(self, target: ast.expr, known: Environment) -> tuple[Names | None, str | None]:
        """The mapping and the name in `mapping[name]`; no mapping where it is something else's."""
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            names = known.get(target.value.id)
            if isinstance(names, dict):
                return names, self.key(target.slice, known)
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
                    names.setdefault(word, self.spot(node))
                return
        if mappings:
            raise self.stop(node, "a call may change the names")

    def _direction(self, node: ast.Call) -> str:
        named = [item.value for item in node.keywords if item.arg == "direction"]
        given = [*node.args[1:2], *named]
        direction = python.text(given[0]) if given else None
        if direction is None or direction not in PAST:
            raise self.stop(node, "the direction of past key values is computed")
        return PAST[direction]

    def _change(self, node: ast.Call, method: str, names: Names, known: Environment) -> None:
        key = self.key(node.args[0], known) if node.args else None
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
                names.setdefault(item.arg, self.spot(item.value))
        elif key is not None and method == "pop":
            names.pop(key, None)
        elif key is not None and method == "setdefault":
            names.setdefault(key, self.spot(node.args[0]))
        elif key in names and method == "move_to_end" and len(node.args) == 1 and not node.keywords:
            names[key] = names.pop(key)
        else:
            raise self.stop(node, f"{method} is not read")


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
