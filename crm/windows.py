"""The windows of time that figures are of (DEFINITIONS.md, "Windows"). Light: pages read it too."""

from datetime import date


def years_before(day: date, years: int = 1) -> date:
    """The same day of that year; of 29 February the 28th. Twelve months to `day` are the days after it."""
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day if years == 0 else day.replace(year=day.year - years, day=last)
