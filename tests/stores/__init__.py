import pytest

# The contract's assertions then say what they compared, though its modules hold no test by themselves.
pytest.register_assert_rewrite("tests.stores.contract", "tests.stores.machine")
