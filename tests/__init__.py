import pytest

# Their asserts speak like a test's own.
pytest.register_assert_rewrite("tests.board", "tests.examining", "tests.ordering", "tests.plain_count")
