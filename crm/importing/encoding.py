"""Which bytes these are: one look over the whole file, without keeping it."""

import codecs
import hashlib
import re
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from crm.importing.errors import Refused

BLOCK = 1 << 16
UTF8 = "utf-8-sig"
# What stands at the start of files that people take for tables: spreadsheets and archives, PDF, pictures, databases, programs.
SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
OTHERS = (b"%PDF", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"\xfd7zXZ", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"SQLite format 3", b"\x7fELF")
# The letters beyond a to z that the two languages use.
ALPHABETS = ("áčďéěíňóřšťúůýžľĺŕäôÁČĎÉĚÍŇÓŘŠŤÚŮÝŽĽ", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_ASCII = bytes(range(128))
_CONTROLS = bytes(sorted(set(range(32)) - set(b"\t\n\r")))
_ESCAPED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Scanned:
    digest: str
    encoding: str
    stamp: tuple[int, int]


def stamp(path: Path) -> tuple[int, int]:
    """What changes when someone writes to the file."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def scan(path: Path, name: str = "") -> Scanned:
    """The SHA-256 and the encoding of a text file; refuses what is none. `name` is what sentences call it, else its path."""
    name = name or str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Refused(_("%(file)s is a folder; name the file in it.") % {"file": name})
        if not stat.S_ISREG(mode):
            raise Refused(_("%(file)s is not a file that can be read twice; save it first.") % {"file": name})
        with path.open("rb") as handle:
            return _scan(path, name, handle)
    except FileNotFoundError:
        raise Refused(_("%(file)s is not there.") % {"file": name}) from None
    except PermissionError:
        raise Refused(_("%(file)s may not be read by this user.") % {"file": name}) from None
    except OSError as error:
        raise Refused(_("%(file)s cannot be read: %(why)s.") % {"file": name, "why": error.strerror}) from None


def _scan(path: Path, name: str, handle: BinaryIO) -> Scanned:
    block = handle.read(BLOCK)
    refuse_what_is_no_text(name, block)
    before = stamp(path)
    digest, high = hashlib.sha256(), Counter[int]()
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    letters = escaped = 0
    is_utf8 = block.startswith(codecs.BOM_UTF8)
    while block:
        digest.update(block)
        text = decoder.decode(block)
        if not block.isascii():
            high.update(block.translate(None, _ASCII))
            invalid = len(_ESCAPED.findall(text))
            escaped += invalid
            letters += len(text) - len(text.encode("ascii", "ignore")) - invalid
        block = handle.read(BLOCK)
    escaped += len(decoder.decode(b"", final=True))
    # A few broken bytes in a file that is otherwise UTF-8 are errors of their rows, not another encoding.
    is_utf8 = is_utf8 or not escaped or letters >= escaped
    return Scanned(digest.hexdigest(), UTF8 if is_utf8 else older_encoding(high), before)


def refuse_what_is_no_text(name: str, block: bytes) -> None:
    """`block` is the beginning of the file."""
    if not block:
        raise Refused(_("%(file)s is empty.") % {"file": name})
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refused(_("%(file)s is written in UTF-16; save it as CSV in UTF-8.") % {"file": name})
    if block.startswith(SHEETS):
        raise Refused(_("%(file)s is a spreadsheet or an archive, not a text file; save the sheet as CSV.") % {"file": name})
    first_line = re.split(b"[\r\n]", block, maxsplit=1)[0]
    # A few stray ones are errors of their rows; among random bytes they are every ninth.
    controls = len(block) - len(block.translate(None, _CONTROLS))
    if block.startswith(OTHERS) or b"\0" in first_line or (controls > 4 and controls * 100 > len(block)):
        raise Refused(_("%(file)s is not a text file; a file of orders is saved as CSV.") % {"file": name})


def older_encoding(high: Counter[int]) -> str:
    """cp1250 or ISO-8859-2, by the bytes above 127: which of them makes more letters of Czech or of Polish."""
    if any(0x80 <= byte <= 0x9F for byte in high):
        return "cp1250"  # letters there, control codes in ISO-8859-2
    return max(("cp1250", "iso8859-2"), key=lambda encoding: max(_likeness(high, encoding, alphabet) for alphabet in ALPHABETS))


def _likeness(high: Counter[int], encoding: str, alphabet: str) -> int:
    return sum(count if bytes([byte]).decode(encoding) in alphabet else -count for byte, count in high.items())
