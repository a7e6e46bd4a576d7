"""Runs `flask orders import` on small files, as an operator would."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask

from webapp.cli.orders import orders_cli

from .world import World

HEADER = "number,customer,placed_at,total"


class Importer:
    """Imports texts into the tenant `acme` (Europe/Berlin, EUR unless said otherwise)."""

    def __init__(self, app: Flask, world: World, folder: Path) -> None:
        self.app, self.world, self.folder = app, world, folder
        self.path = folder / "orders.csv"

    def tenant(self, **columns: Any) -> int:
        return self.world.tenant("acme", **columns)

    def write(self, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> None:
        self.path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))

    def run(self, *options: str) -> Result:
        """Import the file as it was last written."""
        runner = self.app.test_cli_runner()
        return runner.invoke(orders_cli, ["import", str(self.path), "--tenant", "acme", *options])

    def load(self, *rows: str, header: str = HEADER, options: tuple[str, ...] = ()) -> Result:
        self.write(*rows, header=header)
        return self.run(*options)

    def orders(self, *columns: str) -> list[tuple[Any, ...]]:
        chosen = ", ".join(columns or ("number", "customer", "total_minor"))
        return self.world.conn.execute(f"SELECT {chosen} FROM orders ORDER BY number").fetchall()

    def lines(self) -> list[tuple[Any, ...]]:
        """(number, position, sku, product, quantity, unit price, total) of every line."""
        return self.world.conn.execute(
            "SELECT number, position, sku, product, quantity::float, unit_price_minor, l.total_minor"
            " FROM order_lines l JOIN orders o ON o.id = l.order_id ORDER BY number, position"
        ).fetchall()

    @property
    def report(self) -> Path:
        return self.folder / "orders.rejected.csv"

    def rejected(self) -> list[dict[str, str]]:
        with self.report.open(newline="") as file:
            return list(csv.DictReader(file))

    def reasons(self) -> dict[int, str]:
        """Why, by line of the file."""
        return {int(row["rejected_line"]): row["rejected_reason"] for row in self.rejected()}


LINES = "order_number,customer,placed_at,sku,product,quantity,unit_price,discount_rate,freight"
