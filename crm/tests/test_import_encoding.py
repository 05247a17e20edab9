"""The encoding of a file, and what is no text at all."""

import os
import random

import pytest

from crm.importing.encoding import BLOCK, scan
from crm.importing.errors import Refused

CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy"
POLISH = "Zażółć gęślą jaźń"


def encoding_of(tmp_path, content: bytes) -> str:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return scan(path).encoding


def refusal_of(path) -> str:
    with pytest.raises(Refused) as refused:
        scan(path)
    return str(refused.value)


@pytest.mark.parametrize("text", [CZECH, POLISH, "plain"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_is_known_with_and_without_a_mark(tmp_path, text, encoding):
    assert encoding_of(tmp_path, text.encode(encoding)) == "utf-8-sig"


@pytest.mark.parametrize("text", [CZECH, POLISH, "Žižka", "Šťastný", "Nevyřízená", "Łódź", "są wąskie ręce", "Kraków, ulica Różana"])
@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2"])
def test_the_older_encodings_are_told_apart_by_what_they_spell(tmp_path, text, encoding):
    assert text.encode(encoding).decode(encoding_of(tmp_path, text.encode(encoding))) == text


def test_a_letter_cut_by_the_end_of_a_block_is_still_utf8(tmp_path):
    assert encoding_of(tmp_path, b"a" * (BLOCK - 1) + CZECH.encode()) == "utf-8-sig"


def test_one_broken_letter_does_not_turn_utf8_into_another_encoding(tmp_path):
    assert encoding_of(tmp_path, CZECH.encode() + b"\xff") == "utf-8-sig"


def test_a_few_stray_control_characters_are_still_text(tmp_path):
    assert encoding_of(tmp_path, b"note,date,amount\na\x0bb,2026-01-02,5\n\x1a") == "utf-8-sig"


def test_letters_late_in_the_file_count(tmp_path):
    assert encoding_of(tmp_path, b"a\n" * BLOCK + "Žižka".encode("cp1250")) == "cp1250"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (CZECH.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\x14\x00\x06", "spreadsheet or an archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "spreadsheet or an archive"),
        (b"%PDF-1.7\n", "not a text file"),
        (b"\x89PNG\r\n\x1a\n", "not a text file"),
        (b"a\0b,c\n1,2\n", "not a text file"),
        (b"date\n" + b"\0" * 100, "not a text file"),
        (random.Random(1).randbytes(5000), "not a text file"),
        (b"date\n" + random.Random(2).randbytes(5000), "not a text file"),
        ("date,amount\n".encode("utf-16-le"), "not a text file"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "file.csv"
    path.write_bytes(content)

    refusal = refusal_of(path)

    assert sentence in refusal
    assert str(path) in refusal


def test_a_missing_file_a_folder_and_a_pipe_are_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert "is not there" in refusal_of(tmp_path / "no.csv")
    assert "is a folder" in refusal_of(tmp_path)
    assert "save it first" in refusal_of(tmp_path / "pipe")
    assert "cannot be read" in refusal_of(tmp_path / ("x" * 300))


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = tmp_path / "file.csv"
    path.write_text("date")

    def refuse(*args, **kwargs):
        raise PermissionError

    monkeypatch.setattr(type(path), "open", refuse)  # root reads everything, so the mode of the file would prove nothing

    assert "may not be read" in refusal_of(path)


def test_the_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"abc")

    assert scan(tmp_path / "empty.csv").digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
