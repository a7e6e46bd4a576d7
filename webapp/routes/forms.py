"""Forms: parse what a browser sends into values, with an error text per field. The rules of an order are in orders/rules.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import (
    FieldList,
    Form,
    FormField,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import EqualTo, InputRequired, Length, Optional

from ..accounts.current import current_locale, current_tenant
from ..accounts.permissions import Permission, may
from ..language import gettext as _
from ..language import lazy_gettext
from ..models import Tenant, User
from ..money import MoneyError, parse_minor
from ..orders.editors import Editor
from ..orders.new_order import CUSTOMER_MAX_CHARS, PRODUCT_MAX_CHARS, NewLine
from ..orders.quantities import QuantityError, parse_quantity

LINES_SHOWN = 3  # also added by "Add items"
LINES_MAX = 200


def _strip(text: str | None) -> str | None:
    return text.strip() if text else text


class MoneyField(StringField):
    """An amount in the tenant's currency, as the page's locale writes it. `minor` is None if the field is empty."""

    minor: int | None = None

    def pre_validate(self, form: Any) -> None:
        text = (self.data or "").strip()
        try:
            self.minor = parse_minor(text, current_tenant().currency, current_locale()) if text else None
        except MoneyError as error:
            raise ValidationError(str(error)) from None
        if self.minor is not None and self.minor < 0:
            raise ValidationError(
                _("'%(text)s' is negative. Enter 0 or more. To return money, refund the order on its page.", text=text)
            )


class QuantityField(StringField):
    """A decimal number as the page's locale writes it. `number` is None if the field is empty."""

    number: Decimal | None = None

    def pre_validate(self, form: Any) -> None:
        text = (self.data or "").strip()
        try:
            self.number = parse_quantity(text, current_locale()) if text else None
        except QuantityError as error:
            raise ValidationError(str(error)) from None


class LineList(FieldList):
    """The rows of a form, by names such as `lines-0-product`. Names with numbers that no form has are ignored."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        """Replaces WTForms' method, which fails on `lines-²-product` and on numbers of 5,000 digits."""
        for name in formdata:
            index = name.removeprefix(f"{prefix}-").partition("-")[0] if name.startswith(f"{prefix}-") else ""
            if index.isascii() and index.isdigit() and len(index) <= len(str(LINES_MAX)) + 1:
                yield int(index)


class SignInForm(FlaskForm):
    email = StringField(
        lazy_gettext("E-mail"),
        [InputRequired(lazy_gettext("Enter your e-mail address.")), Length(max=254)],
        filters=[_strip],
    )
    password = PasswordField(
        lazy_gettext("Password"), [InputRequired(lazy_gettext("Enter your password.")), Length(max=1000)]
    )


class ResetRequestForm(FlaskForm):
    email = StringField(
        lazy_gettext("E-mail"),
        [InputRequired(lazy_gettext("Enter your e-mail address.")), Length(max=254)],
        filters=[_strip],
    )

    def validate_email(self, field: StringField) -> None:
        name, at, domain = (field.data or "").rpartition("@")
        if not (name and at and domain):
            raise ValidationError(
                _("“%(text)s” is not a valid e-mail address. Enter one like ana@example.com.", text=field.data)
            )


class NewPasswordForm(FlaskForm):
    password = PasswordField(
        lazy_gettext("New password"), [InputRequired(lazy_gettext("Enter a new password.")), Length(max=1000)]
    )
    repeated = PasswordField(
        lazy_gettext("Repeat the new password"),
        [
            InputRequired(lazy_gettext("Repeat the new password.")),
            EqualTo("password", lazy_gettext("The two passwords differ. Enter the same one in both fields.")),
        ],
    )


class ChangePasswordForm(NewPasswordForm):
    current = PasswordField(
        lazy_gettext("Current password"),
        [InputRequired(lazy_gettext("Enter your current password.")), Length(max=1000)],
    )


class LineForm(Form):
    """One row of the order form, whose CSRF token covers it. An empty row is not a line."""

    product = StringField(lazy_gettext("Product"), [Optional(), Length(max=PRODUCT_MAX_CHARS)], filters=[_strip])
    quantity = QuantityField(lazy_gettext("Quantity"))
    unit_price = MoneyField(lazy_gettext("Unit price"))

    def line(self) -> NewLine | None:
        """The line, or None for an empty row and for one with field errors. Raises ValidationError if a field is missing."""
        if not (self.product.data or self.quantity.data or self.unit_price.data):
            return None
        if self.quantity.errors or self.unit_price.errors:
            return None
        if not self.product.data or self.unit_price.minor is None:
            raise ValidationError(_("An item needs a product and a unit price. Enter both, or clear the row."))
        quantity = Decimal(1) if self.quantity.number is None else self.quantity.number
        return NewLine(self.product.data, quantity, self.unit_price.minor)


class OrderForm(FlaskForm):
    """A new order. `idempotency_key` is created with the form and places one order, even if the form is sent more than once."""

    idempotency_key = HiddenField()
    customer = StringField(
        lazy_gettext("Customer"),
        [InputRequired(lazy_gettext("Enter the customer's name.")), Length(max=CUSTOMER_MAX_CHARS)],
        filters=[_strip],
    )
    owner = SelectField(lazy_gettext("Salesperson"), validate_choice=False)
    total = MoneyField(lazy_gettext("Total"))
    lines = LineList(FormField(LineForm), min_entries=LINES_SHOWN, max_entries=LINES_MAX)
    freight = MoneyField(lazy_gettext("Shipping"))

    @classmethod
    def for_team(cls, team: Sequence[User], owner_id: int | None = None) -> OrderForm:
        form = cls(owner="" if owner_id is None else str(owner_id), idempotency_key=str(uuid4()))
        form.owner.choices = owner_choices(team)
        return form

    @property
    def owner_id(self) -> int | None:
        return chosen_owner(self.owner.data)

    @property
    def idempotency_uuid(self) -> UUID | None:
        try:
            return UUID(self.idempotency_key.data)
        except (TypeError, ValueError):
            return None

    def renew_idempotency_key(self) -> None:
        self.idempotency_key.data = str(uuid4())

    def add_lines(self) -> None:
        for _index in range(min(LINES_SHOWN, LINES_MAX - len(self.lines))):
            self.lines.append_entry()

    def new_lines(self) -> list[NewLine]:
        """The lines of all complete rows. Incomplete rows get an error instead (see `has_errors`)."""
        lines = []
        for entry in self.lines:
            try:
                line = entry.form.line()
            except ValidationError as error:
                entry.form.product.errors = [*entry.form.product.errors, str(error)]
                continue
            if line:
                lines.append(line)
        return lines

    def has_errors(self) -> bool:
        return any(field.errors for field in self) or any(cell.errors for entry in self.lines for cell in entry.form)


def owner_choices(team: Sequence[User]) -> list[tuple[str, str]]:
    return [("", _("Unassigned")), *((str(user.id), user.name) for user in team)]


def chosen_owner(text: str | None) -> int | None:
    """The chosen user's id, None for "Unassigned", and 0, which is no user's id, for text that is not in the list."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def editor() -> Editor:
    """The signed-in user as one who changes orders."""
    return Editor(
        current_user.id,
        edits_own=may(current_user, Permission.CHANGE_OWN_ORDERS),
        edits_all=may(current_user, Permission.CHANGE_ALL_ORDERS),
        assigns=may(current_user, Permission.ASSIGN_ORDERS),
    )


def refund_minor(text: str, tenant: Tenant) -> int:
    """The amount of a refund in minor units. Raises MoneyError."""
    return parse_minor(text, tenant.currency, current_locale())
