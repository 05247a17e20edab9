"""A test with real transactions ends by emptying every table, and what is written once is emptied by nobody but through its own door."""

from django.test import TransactionTestCase

from crm import written_once

flush = TransactionTestCase._fixture_teardown


def flush_what_is_written_once_too(self: TransactionTestCase) -> None:
    with written_once.unlocked():
        flush(self)


TransactionTestCase._fixture_teardown = flush_what_is_written_once_too  # type: ignore[method-assign]
