"""Fault tests: Doorbell under load and one fault after another; after each, the pages must equal the database."""

import pytest

pytest.register_assert_rewrite("tests.faults.trial")  # explains its failed asserts
