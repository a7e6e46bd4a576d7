"""lazy: an attribute that is computed at first use. functools.cached_property does the same, but takes a lock before 3.12."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):
    """Two threads may compute it at the same time, so its function must have no effects. Works in frozen dataclasses."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute, self._name = compute, compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> lazy[T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: object | None, kind: type) -> T | lazy[T]:
        if owner is None:
            return self
        # The attribute of the object hides this one from now on.
        value = owner.__dict__[self._name] = self._compute(owner)
        return value
