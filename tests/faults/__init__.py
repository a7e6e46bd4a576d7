"""Fault tests: Doorbell under load, one fault after another, everything held against the database each time."""

import pytest

pytest.register_assert_rewrite("tests.faults.trial")  # its asserts speak like a test's own
