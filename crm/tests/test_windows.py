from datetime import date

import pytest

from crm.windows import years_before


@pytest.mark.parametrize(
    ("day", "years", "before"),
    [
        (date(2026, 6, 30), 1, date(2025, 6, 30)),
        (date(2026, 6, 30), 2, date(2024, 6, 30)),
        (date(2024, 2, 29), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 4, date(2020, 2, 28)),
        (date(2024, 2, 29), 0, date(2024, 2, 29)),
        (date(2025, 2, 28), 1, date(2024, 2, 28)),
    ],
)
def test_a_year_before_a_day_is_the_same_day(day, years, before):
    assert years_before(day, years) == before
