"""Compiles each template once a test run: an application per test would compile them all again, which takes 0.3 s of CPU."""

from __future__ import annotations

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """The compiled templates of all applications of this process. Jinja compiles a changed source again."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


def share() -> None:
    """Use one cache for every application that this process makes from now on."""
    Flask.jinja_options["bytecode_cache"] = CompiledTemplates()
