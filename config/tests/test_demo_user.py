import json

import pytest
from django.core.management import CommandError, call_command

from config.tests import cast
from crm.models import Business, Link, User


@pytest.fixture
def demo(db):
    Business.keep(is_demo=True)


def demo_user(capsys, *arguments: str) -> dict[str, str]:
    call_command("demo_user", "--json", *arguments)
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("role", ["owner", "staff", "reader"])
def test_the_demo_has_someone_of_each_role(client, demo, capsys, role):
    said = demo_user(capsys, "--role", role)

    assert said | {"link": ""} == {"email": f"{role}@example.com", "role": role, "link": ""}
    client.get(said["link"].removeprefix("http://127.0.0.1:8000"))
    assert client.get("/").context["user"].email == said["email"]
    assert (client.get("/admin/").status_code == 200) == (role == "owner")


def test_their_only_way_in_is_a_link(demo, capsys):
    demo_user(capsys, "--role", "owner")

    assert not User.objects.get().has_usable_password()


def test_whoever_is_there_is_taken_and_each_link_is_a_fresh_one(demo, capsys):
    owner = cast.owner()
    first, second = demo_user(capsys, "--role", "owner"), demo_user(capsys, "--role", "owner")

    assert first["email"] == second["email"] == owner.email and first["link"] != second["link"]
    assert User.objects.count() == 1 and Link.objects.count() == 2


def test_one_who_was_made_owner_or_put_out_is_put_back_into_the_role(demo, capsys):
    demo_user(capsys, "--role", "staff")
    User.objects.update(role=User.Role.OWNER, is_active=False)

    assert demo_user(capsys, "--role", "staff")["email"] == "staff@example.com"
    assert User.objects.filter(role=User.Role.STAFF, is_active=True).count() == 1


def test_without_json_there_are_two_lines_and_a_sentence_beside_them(demo, capsys):
    cast.owner()
    call_command("demo_user", "--role", "owner")
    said = capsys.readouterr()

    email, link = said.out.splitlines()
    assert email == "jana@example.com" and link.startswith("http://127.0.0.1:8000/login/")
    assert said.err == "This link signs Jana Horáková in, once, within 15 minutes.\n"


def test_with_real_data_there_is_no_such_thing(db, capsys):
    cast.owner()

    with pytest.raises(CommandError, match="This is not the demo: make a login link for one of your people") as refused:
        call_command("demo_user", "--role", "owner", "--json")
    assert refused.value.returncode == 1
    assert not Link.objects.exists() and capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [[], ["--role", "boss"], ["--role"]])
def test_a_role_is_owner_or_staff(demo, arguments):
    with pytest.raises(CommandError, match="--role"):
        call_command("demo_user", *arguments)
