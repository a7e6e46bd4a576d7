"""`flask orders import` on small files."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from ..support.imports import Importer
from ..support.world import World


@pytest.fixture
def importer(app: Flask, world: World, tmp_path: Path) -> Importer:
    return Importer(app, world, tmp_path)
