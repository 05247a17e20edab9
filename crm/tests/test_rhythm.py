import pytest

from crm.rhythm import in_words


@pytest.mark.parametrize(
    ("usual", "longest", "words"),
    [
        (None, None, "no rhythm yet"),
        (1.0, 1, "usually every day"),
        (1.5, 4, "usually every 2 days"),
        (32.0, 40, "usually every 32 days"),
        (14.5, 43, "usually every 15 days"),
        # Three times the usual pause is still a rhythm; a day more is not.
        (10.0, 30, "usually every 10 days"),
        (10.0, 31, "irregular; longest usual pause 31 days"),
        (2.0, 1200, "irregular; longest usual pause 1,200 days"),
    ],
)
def test_a_rhythm_is_said_only_where_there_is_one(usual, longest, words):
    assert in_words(usual, longest) == words
