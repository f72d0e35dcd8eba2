import pytest

# The contract's assertions then say what they compared, though its module holds no test by itself.
pytest.register_assert_rewrite("tests.stores.contract")
