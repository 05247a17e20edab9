"""The folded form of a text: what search, channels and text comparisons look at, the same on both engines."""

import unicodedata

# Letters that Unicode does not take apart into a base and a mark.
_WHOLE = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"})


def fold(text: str) -> str:
    """`text` without case, accents and superfluous spaces: "  Žižka  Łódź" becomes "zizka lodz"."""
    # Twice: a sign like ™ comes apart into capitals, and the small form of a letter may come apart again.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(bare.translate(_WHOLE).split())
