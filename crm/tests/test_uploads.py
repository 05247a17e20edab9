"""The way of a file to the disk: whose, how large, under which name, how long."""

import errno
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from config.tests import cast
from crm import jobs, uploads
from crm.models import Job, Upload
from crm.tests.handing_in import BAD, ORDERS, hand_in, post, take_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path, settings):
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)
    settings.DATA_DIR = tmp_path
    return tmp_path / "uploads"


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_is_kept_whole_under_a_name_of_ours_for_nobody_else_to_read(owner, folder):
    upload = hand_in(owner, name="orders.csv")

    path = uploads.path_of(upload)
    assert files(folder) == [upload.token] and len(upload.token) == 32
    assert path.read_text() == ORDERS
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/orders.csv", "orders.csv"),
        ("..\\..\\orders.csv", "orders.csv"),
        ("/etc/passwd.csv", "passwd.csv"),
        ("a\0b.csv", "ab.csv"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}vsc.exe.csv", "vsc.exe.csv"),
        ("<script>alert(1)<.csv", "<script>alert(1)<.csv"),
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
        ("x." + "csv" * 120, None),
        ("žluť طلب.CSV", "žluť طلب.CSV"),
    ],
)
def test_a_name_is_text_and_never_a_path(owner, folder, sent, kept):
    """The client of the tests would send the last part of the name alone, so the request is written by hand."""
    part = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\nContent-Type: text/csv\r\n\r\n{ORDERS}\r\n--b--\r\n'
    answer = owner.post("/import/", part.encode(), content_type="multipart/form-data; boundary=b")

    if kept is None:
        assert answer.status_code == 200 and "should end in .csv" in text_of(answer)
        assert files(folder) == []
    else:
        upload = Upload.objects.get()
        assert (answer.status_code, upload.file_name, files(folder)) == (302, kept, [upload.token])


def test_what_is_larger_than_the_limit_is_not_kept(owner, folder, settings):
    settings.UPLOAD_LIMIT = len(ORDERS) - 1
    assert "The file is larger than" in text_of(post(owner))
    assert (files(folder), Job.objects.count()) == ([], 0)

    settings.UPLOAD_LIMIT = len(ORDERS)
    assert post(owner).status_code == 302


def test_a_file_of_someone_who_may_not_import_is_not_even_written(folder, monkeypatch):
    written = []
    monkeypatch.setattr(uploads.Incoming, "__init__", lambda self, handler: written.append(handler))
    for client in (cast.signed_in(None), cast.signed_in(cast.staff())):
        assert post(client).status_code in (302, 403)
        client.post("/login/", {"file": SimpleUploadedFile("orders.csv", ORDERS.encode())})

    assert (written, files(folder)) == ([], [])


@pytest.mark.parametrize("where", ["__init__", "write", "seek"])
def test_a_full_disk_is_a_sentence(owner, folder, monkeypatch, where):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(uploads.Incoming, where, full, raising=False)

    answer = post(owner)

    assert answer.status_code == 200
    assert "The file cannot be stored on the server: No space left on device. Make room there, then try again." in text_of(answer)
    assert (files(folder), Upload.objects.count(), Job.objects.count()) == ([], 0, 0)


def test_a_file_that_cannot_be_moved_to_its_place_is_a_sentence(owner, folder, monkeypatch):
    def broken(upload):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/data/uploads")

    monkeypatch.setattr(uploads, "path_of", broken)

    assert "/data/uploads cannot be used: Read-only file system." in text_of(post(owner))
    assert (files(folder), Job.objects.count()) == ([], 0)


def test_nothing_is_left_of_a_request_that_is_refused(owner, folder):
    assert post(owner, b"PK\x03\x04 a zip", "orders.csv").status_code == 200

    assert files(folder) == []


def test_a_file_taken_in_is_gone_and_its_failed_rows_stay_for_a_week(owner, folder):
    good, bad = take_in(owner), take_in(owner, BAD, "bad.csv")

    assert files(folder) == [f"{bad.token}.failed.csv"]
    assert stat.S_IMODE(uploads.failed_rows_of(bad).stat().st_mode) == 0o600
    assert not uploads.path_of(good).exists()


def test_what_was_kept_for_a_week_goes_with_the_next_upload(owner, folder):
    now = timezone.now()
    old, young = folder / "old", folder / "young"
    uploads.folder()
    for path, age in ((old, uploads.KEPT + timedelta(minutes=1)), (young, uploads.KEPT - timedelta(minutes=1))):
        path.touch()
        os.utime(path, ((now - age).timestamp(),) * 2)

    upload = hand_in(owner)

    assert files(folder) == sorted(["young", upload.token])


def test_two_that_sweep_at_once_do_not_trip_over_each_other(folder, monkeypatch):
    uploads.folder()
    (folder / "old").touch()
    remove = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda self: (remove(self), remove(self)))

    uploads.sweep(timezone.now() + 2 * uploads.KEPT)

    assert files(folder) == []


def test_the_limit_leaves_room_for_a_million_orders():
    assert settings.UPLOAD_LIMIT >= 200 * 1000 * 1000
