import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment

ROOT = Path(__file__).resolve().parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_empty_variable_counts_as_absent(monkeypatch):
    monkeypatch.setenv("PORT", " ")
    assert environment.text("PORT", "8000") == "8000"


def test_a_list_is_written_with_commas_or_spaces(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example  c.example")
    assert environment.words("ALLOWED_HOSTS") == ["a.example", "b.example", "c.example"]


def test_the_data_folder_is_made_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "a" / "b"))
    assert mode(environment.data_dir(Path("unused"))) == 0o700


def test_an_empty_data_folder_that_stood_open_is_closed(monkeypatch, tmp_path):
    tmp_path.chmod(0o755)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert mode(environment.data_dir(Path("unused"))) == 0o700


@pytest.mark.parametrize("content", ["somebody", "secret_key"])
def test_a_folder_that_serves_others_is_refused_each_time_and_left_as_it_is(monkeypatch, tmp_path, content):
    (tmp_path / content).touch()
    tmp_path.chmod(0o1777)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for _turn in range(2):
        with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR lets other users in: .* chmod 700"):
            environment.data_dir(Path("unused"))
    assert mode(tmp_path) == 0o1777 and [path.name for path in tmp_path.iterdir()] == [content]


def test_a_data_folder_that_is_a_file_is_refused_in_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR has to be a folder .* cannot be used \(File exists\)\.$"):
        environment.data_dir(Path("unused"))


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path):
    key = environment.secret_key(tmp_path)
    assert len(key) >= 50 and environment.secret_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert mode(tmp_path / "secret_key") == 0o600


def test_processes_that_start_together_agree_on_the_secret_key(tmp_path):
    script = "import sys; from pathlib import Path; from config import environment; print(environment.secret_key(Path(sys.argv[1])))"
    started = [subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(4)]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1 and [process.returncode for process in started] == [0] * 4
    assert os.listdir(tmp_path) == ["secret_key"]


def test_a_secret_key_that_cannot_be_read_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(ImproperlyConfigured, match=r"^The secret key .* cannot be read or made \(Is a directory\)\.$"):
        environment.secret_key(tmp_path)


def test_no_database_url_means_sqlite_in_the_data_folder(tmp_path):
    database = environment.database("", tmp_path)
    assert database["ENGINE"] == "django.db.backends.sqlite3" and database["NAME"] == tmp_path / "regulars.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE" and database["CONN_MAX_AGE"]


def test_a_database_url_is_read_in_all_its_parts(tmp_path):
    database = environment.database("postgres://an%40a:p%2Fw@db.example:5433/shop?sslmode=require", tmp_path)
    parts = {name: database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert parts == {"NAME": "shop", "USER": "an@a", "PASSWORD": "p/w", "HOST": "db.example", "PORT": "5433"}
    assert database["OPTIONS"]["sslmode"] == "require" and "lock_timeout" in database["OPTIONS"]["options"]


def test_a_database_url_may_name_the_folder_of_a_socket(tmp_path):
    database = environment.database("postgresql://postgres:@/shop?host=/run/pg", tmp_path)
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("/run/pg", "", "shop") and "host" not in database["OPTIONS"]


@pytest.mark.parametrize(
    "url", ["mysql://a/b", "shop", "postgres://host", "postgres://host/", "postgres://host:port/shop", "postgres://[::1/shop"]
)
def test_a_database_url_that_cannot_be_read_is_refused_in_a_sentence(url, tmp_path):
    with pytest.raises(ImproperlyConfigured, match="^DATABASE_URL has to read postgres://"):
        environment.database(url, tmp_path)
