"""torch's arithmetic on symbolic lengths, remembered for one capture: most of it is asked hundreds of times.

Every operator computes sizes, strides and layouts anew for each tensor, through sympy. What comes of two expressions
depends on them alone, so the expression is kept and only the example's own number is computed again.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KNOWN_VERSIONS = ("2.13.", "2.14.")
"""Those whose `SymNode` we know from the inside; any other computes everything itself."""
_METHODS = ("add", "sub", "mul", "eq", "ne", "gt", "lt", "ge", "le", "and", "or", "sym_max", "sym_min", "int_floordiv")
_NUMBERS = (int, bool, float)


@contextlib.contextmanager
def arithmetic_remembered() -> Iterator[None]:
    """Let `SymNode` look up what it has computed before, in this torch alone and where nobody asked for its records."""
    import torch._logging._internal
    import torch.fx.experimental._config
    from torch.fx.experimental.sym_node import SymNode, method_to_operator

    recorded = torch.fx.experimental._config.translation_validation or torch._logging._internal.GET_DTRACE_STRUCTURED
    if not torch.__version__.startswith(_KNOWN_VERSIONS) or recorded:
        yield
        return
    memory: dict[Any, dict[Any, tuple[Any, Any, bool]]] = {}
    originals = {}
    for method in _METHODS:
        name = f"_{method}_" if method in ("and", "or") else f"_{method}"
        originals[name] = getattr(SymNode, name)
        setattr(SymNode, name, _remembered(method, originals[name], method_to_operator(method), memory))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(SymNode, name, original)


def _remembered(
    method: str,
    compute: Callable[[Any, Any], Any],
    operator: Callable[[Any, Any], Any],
    memory: dict[Any, dict[Any, tuple[Any, Any, bool]]],
) -> Callable[[Any, Any], Any]:
    """`compute`, a method of two `SymNode`s, that looks up the expression where both have a number as example."""
    from torch.fx.experimental.proxy_tensor import get_proxy_mode
    from torch.fx.experimental.sym_node import SymNode

    def remembered(left: Any, right: Any) -> Any:
        environment, first, second = left.shape_env, left._hint, right._hint
        if environment is None or type(first) not in _NUMBERS or type(second) not in _NUMBERS or get_proxy_mode():
            return compute(left, right)
        known = memory.setdefault(environment, {})
        key = (
            method,
            left._expr,
            right._expr,
            left.pytype,
            right.pytype,
            left._optimized_summation,
            right._optimized_summation,
            environment._replacements_version_counter,  # what torch has found equal since changes expressions
        )
        if (found := known.get(key)) is None:
            result = compute(left, right)
            known[key] = (result._expr, result.pytype, result._optimized_summation)
            return result
        expression, kind, summation = found
        example = kind(operator(first, second))
        return SymNode(expression, environment, kind, example, optimized_summation=summation)

    return remembered
