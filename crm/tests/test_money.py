"""Days and months as each language writes them."""

from datetime import date

import pytest
from django.utils import translation

from crm.money import dated


@pytest.mark.parametrize(("language", "said"), [("en", "February 2024"), ("cs", "únor 2024"), ("pl", "luty 2024")])
def test_a_month_is_written_with_a_capital_only_where_the_language_does(language, said):
    with translation.override(language):
        assert dated(date(2024, 2, 29), "F Y") == said


def test_where_there_is_no_day_nothing_is_said():
    assert dated(None, "F Y") == ""
