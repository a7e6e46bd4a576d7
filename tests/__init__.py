import pytest

# Their asserts explain themselves as those of a test do.
pytest.register_assert_rewrite(*(f"tests.support.{name}" for name in ("board", "doctor", "orders", "plain_count")))
