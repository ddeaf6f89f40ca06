"""From a configuration of any size to a small one that still builds and runs. The search; the arithmetic is `sizes`.

Small values are proposed from the fields themselves, then the model is built (on the meta device) and run once. What
refuses is taken back field by field; what a field with an unknown name is for is found out by building.
"""

from __future__ import annotations

import copy
import traceback
from typing import Any

import torch

from transformers_export.model_code import Line, last_model_line
from transformers_export.tiny.errors import CannotShrink
from transformers_export.tiny.inputs import run_once
from transformers_export.tiny.measure import measured_roles
from transformers_export.tiny.models import construct, model_class_of, quiet
from transformers_export.tiny.roles import Role, role_of
from transformers_export.tiny.settle import FEWER_QUESTIONS, MOST_QUESTIONS, settle
from transformers_export.tiny.sizes import PROFILES, propose
from transformers_export.tiny.starts import is_small_already
from transformers_export.tiny.tree import Path, Tree, edited, from_tree, is_shared_setting, leaves, to_tree

MOST_PARAMETERS = 4_000_000
"""A model above this is not small: exporting it would take seconds more and tell nothing more."""
BEARABLE_PARAMETERS = 40_000_000
"""Taken all the same where nothing smaller works: models whose sizes are written in their code."""


def shrink(config: Any, *, model_class: type | None = None) -> Any:
    """Return a small copy of a configuration; the original stays untouched.

    Args:
        config: any `PretrainedConfig`, also of a class transformers has never heard of.
        model_class: the model class to try it on; found from the configuration when left out.

    Raises:
        CannotShrink: no small version builds and runs, with what refused.
    """
    if is_small_already(config):
        return copy.deepcopy(config)
    model_class = model_class or model_class_of(config)
    attempt = _Attempt(config, model_class)
    roles = {p: role_of(p[-1], v) for p, v in leaves(attempt.tree) if not is_shared_setting(p[-1], type(config))}
    small = attempt.first_working(roles)
    if Role.UNKNOWN in roles.values() or small is None:
        # The small model where there is one: measuring builds it several times for each field.
        tree = attempt.tree if small is None else to_tree(small)
        with quiet():
            roles = measured_roles(attempt.build, tree, roles)
        small = attempt.first_working(roles) or small
    return small or attempt.backed_off(roles)


class _Attempt:
    """One configuration being shrunk: builds candidates and remembers why they were refused."""

    def __init__(self, config: Any, model_class: Any) -> None:
        self.config = config
        self.model_class = model_class
        self.tree: Tree = to_tree(config)
        self.refusals: list[str] = []
        self.lines: dict[str, Line] = {}
        """Where in the model's own code each refusal came from, as far as it came from there."""
        self.first_error: Exception | None = None
        """The first of those, for its traceback."""
        self.built_only: Any = None
        self.bearable: tuple[int, Any] | None = None

    def build(self, tree: Tree) -> tuple[Any, Any]:
        """Build configuration and model of one tree, on the meta device where it can be. Raises whatever they raise."""
        config = from_tree(self.config, tree)
        config.architectures = list(self.config.architectures or [self.model_class.__name__])
        try:
            with torch.device("meta"):
                return config, construct(self.model_class, copy.deepcopy(config))
        except (RuntimeError, NotImplementedError) as error:
            if "meta" not in str(error):
                raise
        # A constructor that reads values back (a drop path schedule, say) needs real memory.
        return config, construct(self.model_class, copy.deepcopy(config))

    def refusal(self, edits: dict[Path, Any]) -> str:
        """Say why these edits do not give a working small model; an empty string when they do."""
        try:
            config, model = self.build(edited(self.tree, edits))
        except Exception as error:  # whatever a foreign constructor raises is the answer here
            return self.remembered(f"{type(error).__name__}: {_short(error)}", error)
        parameters = sum(p.numel() for p in model.parameters())
        if parameters > BEARABLE_PARAMETERS:
            return f"{parameters:,} parameters, more than {MOST_PARAMETERS:,}"
        if self.built_only is None:
            self.built_only = config
        try:
            _run(self.model_class, config)
        except Exception as error:
            return self.remembered(f"forward: {type(error).__name__}: {_short(error)}", error)
        if parameters <= MOST_PARAMETERS:
            return ""
        if self.bearable is None or parameters < self.bearable[0]:
            self.bearable = parameters, config
        return f"{parameters:,} parameters, more than {MOST_PARAMETERS:,}"

    def remembered(self, refusal: str, error: Exception) -> str:
        """Keep the line of the model that refused, and return the refusal."""
        line = last_model_line(error)
        if line is not None:
            self.lines.setdefault(refusal, line)
            traceback.clear_frames(error.__traceback__)  # they hold the model
            self.first_error = self.first_error or error
        return refusal

    def first_working(self, roles: dict[Path, Role]) -> Any:
        """Try the profiles from small to large."""
        for profile in PROFILES:
            edits = propose(self.tree, roles, profile)
            with quiet():
                refusal = self.refusal(edits)
            if not refusal:
                return self.finished(edits)
            self.refusals.append(refusal)
        return None

    def backed_off(self, roles: dict[Path, Role]) -> Any:
        """Take edits back until the rest works.

        A model that builds but whose forward asks for inputs nobody here knows how to make is returned as it is.
        """
        if self.bearable is not None:
            return self.bearable[1]
        edits = propose(self.tree, roles, PROFILES[0])
        if not (self.built_only is not None and all(_asks_for_inputs(reason) for reason in self.refusals)):
            with quiet():
                kept = settle(edits, self.refusal, MOST_QUESTIONS if self.built_only is None else FEWER_QUESTIONS)
            if kept is not None:
                return self.finished(kept)
        if self.bearable is not None or self.built_only is not None:
            return self.bearable[1] if self.bearable is not None else self.built_only
        reasons = "; ".join(
            f"{refusal} ({self.lines[refusal]})" if refusal in self.lines else refusal
            for refusal in dict.fromkeys(self.refusals)
        )
        raise CannotShrink(
            f"no small version of {type(self.config).__name__} builds as {self.model_class.__name__}. "
            f"Tried to change {', '.join('.'.join(p) for p in edits) or 'nothing'}. Refused with: {reasons}"
        ) from self.first_error

    def finished(self, edits: dict[Path, Any]) -> Any:
        config = from_tree(self.config, edited(self.tree, edits))
        config.architectures = list(self.config.architectures or [self.model_class.__name__])
        return config


def _run(model_class: Any, config: Any) -> None:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        run_once(construct(model_class, copy.deepcopy(config)).float().eval())


def _asks_for_inputs(refusal: str) -> bool:
    """Whether a refusal says that the model wants an input it did not get: no other size helps then."""
    return refusal.startswith("forward: ") and any(
        sign in refusal for sign in ("missing", "specify", "'NoneType'", "no inputs are known")
    )


def _short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[-2:])[:300]
