"""Well-known sample data: Northwind's view Invoices, and Tableau's Superstore. Neither has payments."""

from __future__ import annotations

from ...language import N_
from ..value_style import POINT, ValueStyle
from .format import Format

NORTHWIND = Format(
    name="northwind",
    title=N_("Northwind's invoices (sample data)"),
    header=(
        "OrderID",
        "OrderDate",
        "RequiredDate",
        "ShippedDate",
        "ProductID",
        "UnitPrice",
        "Quantity",
        "Discount",
        "Freight",
    ),
    columns={
        "number": ("OrderID",),
        "customer": ("CustomerName", "CompanyName", "ShipName", "CustomerID"),
        "owner_name": ("Salesperson",),
        "placed_at": ("OrderDate",),
        "shipped_at": ("ShippedDate",),
        "freight": ("Freight",),
        "sku": ("ProductID",),
        "product": ("ProductName",),
        "quantity": ("Quantity",),
        "unit_price": ("UnitPrice",),
        "discount_rate": ("Discount",),
    },
    amounts=N_("the items less their Discount (a rate), with Freight once per order"),
    style=ValueStyle(decimal=POINT),
    paid_from="shipped_at",
)
SUPERSTORE = Format(
    name="superstore",
    title=N_("Tableau's Superstore (sample data)"),
    header=("Row ID", "Order ID", "Order Date", "Ship Date", "Customer Name", "Product Name", "Sales", "Quantity"),
    columns={
        "number": ("Order ID",),
        "customer": ("Customer Name",),
        "placed_at": ("Order Date",),
        "shipped_at": ("Ship Date",),
        "sku": ("Product ID",),
        "product": ("Product Name",),
        "quantity": ("Quantity",),
        "line_total": ("Sales",),
    },
    amounts=N_("Sales is the price of all units, with the discount taken off already"),
    style=ValueStyle(decimal=POINT, dates="mdy"),
    paid_from="placed_at",
    rounds=True,
)
FORMATS = (NORTHWIND, SUPERSTORE)
