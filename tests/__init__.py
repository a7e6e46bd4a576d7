import sys

# Their asserts explain themselves as those of a test do. A process that a test starts needs no pytest.
if "pytest" in sys.modules:
    import pytest

    pytest.register_assert_rewrite(*(f"tests.support.{name}" for name in ("board", "doctor", "orders", "plain_count")))
