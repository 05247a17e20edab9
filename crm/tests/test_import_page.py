"""The import page: what it refuses in words, what it asks, what it tells of an import."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm import intake, jobs, uploads
from crm.models import Business, Changed, Import, Job, Order, Upload, User
from crm.tests.factories import make_order
from crm.tests.handing_in import BAD, ORDERS, TWO_WAYS, hand_in, page_of, post, take_in, text_of, work
from crm.tests.imports import NOW, take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path, settings):
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)
    settings.DATA_DIR = tmp_path
    jobs.show_life("tick", timezone.now())


class TestForm:
    @pytest.mark.parametrize(
        ("content", "name", "sentence"),
        [
            (b"", "orders.csv", "The file is empty; choose one with a row for each order."),
            (b"PK\x03\x04rest", "orders.xlsx", "“orders.xlsx” is a spreadsheet or an archive, not a text file; save the sheet as CSV."),
            (b"%PDF-1.7", "orders.csv", "“orders.csv” is not a text file; a file of orders is saved as CSV."),
            (b"\x89PNG\r\n", "orders.csv", "“orders.csv” is not a text file; a file of orders is saved as CSV."),
            (b"a,b\0c\n1,2", "orders.csv", "“orders.csv” is not a text file; a file of orders is saved as CSV."),
            (ORDERS.encode("utf-16"), "orders.csv", "“orders.csv” is written in UTF-16; save it as CSV in UTF-8."),
            (ORDERS.encode(), "orders.html", "“orders.html” is no table by its name, which should end in .csv, .tsv or .txt"),
            (ORDERS.encode(), "orders", "“orders” is no table by its name"),
        ],
    )
    def test_what_is_no_table_is_refused_before_it_is_read(self, owner, content, name, sentence):
        answer = post(owner, content, name)

        assert answer.status_code == 200 and sentence in text_of(answer)
        assert (Upload.objects.count(), Job.objects.count()) == (0, 0)

    @pytest.mark.parametrize("sent", [{}, {"file": ""}, {"file": "orders.csv"}, {"other": "x"}])
    def test_without_a_file_it_asks_for_one(self, owner, sent):
        answer = owner.post("/import/", sent)

        assert (answer.status_code, "Choose a file first." in text_of(answer)) == (200, True)

    @pytest.mark.parametrize("name", ["ORDERS.CSV", "orders.tsv", "orders.txt"])
    def test_a_table_by_another_name_is_taken(self, owner, name):
        assert hand_in(owner, name=name).file_name == name

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("manual", "“manual” is the source of orders entered by hand; choose another name."),
            ("x" * 51, "This is too long: 51 letters, and at most 50 are kept."),
            ("a\tb", "The name of a source holds no characters that cannot be seen."),
            ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "The name of a source holds no characters that cannot be seen."),
            ("a\0b", "Null characters are not allowed."),
        ],
    )
    def test_a_source_has_a_name_that_can_be_read(self, owner, source, sentence):
        answer = post(owner, source=source)

        assert answer.status_code == 200 and sentence in text_of(answer)
        assert Upload.objects.count() == 0

    def test_the_source_is_a_file_unless_it_is_named(self, owner):
        assert (hand_in(owner).source, hand_in(owner, source="  ").source, hand_in(owner, source=" e-shop ").source) == (
            "file",
            "file",
            "e-shop",
        )

    def test_further_files_and_fields_change_nothing(self, owner):
        files = [SimpleUploadedFile("a.csv", ORDERS.encode()), SimpleUploadedFile("b.csv", ORDERS.encode())]
        answer = owner.post("/import/", {"file": files, "by": 99, "replaces_demo": "on", "token": "../x", "replace_demo": "on"})

        upload = Upload.objects.get()
        assert (answer.status_code, upload.by, upload.replaces_demo, len(upload.token)) == (302, User.objects.get(), False, 32)

    def test_a_request_that_is_cut_off_or_broken_is_no_failure_of_ours(self, owner):
        for body in (b"", b"--b", b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nhalf'):
            answer = owner.post("/import/", body, content_type="multipart/form-data; boundary=b")
            assert answer.status_code < 500
        assert owner.post("/import/", b"x", content_type="multipart/form-data").status_code == 400

    def test_into_the_demo_it_goes_only_where_that_is_agreed_to(self, owner):
        Business.keep(is_demo=True)
        assert "Your own orders take its place: it is removed first, and does not come back." in text_of(owner.get("/import/"))

        answer = post(owner)
        assert "The demo is not mixed with your own data: agree that it is removed, then import." in text_of(answer)
        assert Job.objects.count() == 0

        assert hand_in(owner, replace_demo="on").replaces_demo is True

    def test_before_the_first_orders_it_says_in_which_currency_and_zone_they_are_read(self, owner):
        Business.keep(currency="PLN", zone="Europe/Warsaw")
        answer = owner.get("/import/")

        said = "are taken as PLN, times as those of Europe/Warsaw; change it under Business in the admin panel before you import."
        assert said in text_of(answer)
        address = re.search(r'<a href="([^"]+)">Business</a>', answer.content.decode())[1]
        assert 'name="currency"' in owner.get(address, follow=True).content.decode()

        take_in(owner)
        assert "Amounts that name no currency" not in text_of(owner.get("/import/"))

    def test_beside_the_demo_which_has_fixed_them_it_says_how_to_change_them(self, owner):
        make_order()
        Business.keep(is_demo=True)
        answer = owner.get("/import/")

        assert "are taken as CZK, times as those of Europe/Prague; to change that, remove the demo before you import." in text_of(answer)
        assert re.search(r'<a href="/demo/remove/">remove the demo</a>', answer.content.decode())


class TestResult:
    def test_it_counts_what_came_of_the_file(self, owner):
        said = page_of(owner, take_in(owner, source="till"))

        assert "Import of orders.csv" in said and "source “till”" in said
        assert "3 new orders 2 new customers Open Today" in said
        assert "The orders are in, and the figures hold them." in said
        assert "row" not in said.replace("rows are", "")

    def test_the_same_file_again_changes_nothing_and_says_so(self, owner):
        take_in(owner)
        said = page_of(owner, take_in(owner))

        assert "0 new orders 3 orders unchanged 0 new customers" in said
        assert Order.objects.count() == 3

    def test_it_says_what_was_noticed(self, owner):
        upload = take_in(owner, "customer_id,date,amount,note,currency\nk1,2025-01-15,100,x,EUR\n")

        said = page_of(owner, upload)
        assert "1 column is not known and is ignored: “note”." in said
        assert "its currency becomes that of the file: EUR." in said

    def test_while_the_figures_wait_it_says_so_and_looks_again(self, owner):
        upload = take_in(owner)
        Changed.objects.create(customer_id=Order.objects.first().customer_id, why="order")
        answer = owner.get(f"/import/{upload.pk}/")

        assert "The orders are in. The figures are being computed." in text_of(answer)
        assert f'hx-get="/import/{upload.pk}/progress/"' in answer.content.decode()

    def test_without_a_worker_it_says_why_nothing_moves(self, owner):
        upload = hand_in(owner)
        assert "Waiting for its turn." in page_of(owner, upload)

        jobs.show_life("tick", timezone.now() - 2 * jobs.DEAD_AFTER)
        assert "Nothing moves, because no worker is running; make run starts one." in page_of(owner, upload)

    def test_behind_another_import_it_says_what_it_waits_for(self, owner):
        first, second = hand_in(owner), hand_in(owner)
        jobs.claim(first.job_id, timezone.now())

        assert "Waiting for another import to end." in page_of(owner, second)
        assert "Looking the file over." in page_of(owner, first)

    @pytest.mark.parametrize(
        ("told", "words", "bar"),
        [
            (("counting", 5000, 0), "5,000 rows counted so far.", ""),
            (("reading", 5000, 20000), "5,000 of 20,000 rows read and checked.", 'value="5000" max="40000"'),
            (("writing", 5000, 20000), "All rows are read; 5,000 of 20,000 are written.", 'value="25000" max="40000"'),
            (("removing_demo", 0, 0), "Removing the demo.", ""),
            (("night", 2, 6), "Computing the figures.", 'value="2" max="6"'),
        ],
    )
    def test_the_bar_goes_from_left_to_right_once(self, owner, told, words, bar):
        upload = hand_in(owner)
        job = jobs.claim(upload.job_id, timezone.now())
        doing, done, total = told
        jobs.progress(job, timezone.now(), done=done, total=total, doing=doing)

        html = owner.get(f"/import/{upload.pk}/progress/", headers={"HX-Request": "true"}).content.decode()
        assert words in html
        assert re.search(r'<progress class="prog" ?([^>]*?) aria-label', html)[1].strip() == bar

    def test_numbers_of_the_bar_stay_numbers_in_every_language(self, owner):
        upload = hand_in(owner)
        jobs.progress(jobs.claim(upload.job_id, timezone.now()), timezone.now(), done=5000, total=20000, doing="writing")

        html = owner.get(f"/import/{upload.pk}/", headers={"Accept-Language": "cs"}).content.decode()
        assert 'value="25000" max="40000"' in html

    def test_the_part_that_is_asked_for_each_second_stops_asking_at_the_end(self, owner):
        upload, asking = hand_in(owner), {"HX-Request": "true"}
        address = f"/import/{upload.pk}/progress/"

        running = owner.get(address, headers=asking).content.decode()
        work()
        ended = owner.get(address, headers=asking).content.decode()

        assert ('hx-trigger="every 1s"' in running, 'hx-trigger="every 1s"' in ended) == (True, False)
        assert "3 orders taken in. 2 new customers." in ended and 'hx-swap-oob="innerHTML:#import-said"' in ended
        assert owner.get(address).url == f"/import/{upload.pk}/"

    def test_without_script_there_is_a_link_to_look_again(self, owner):
        html = owner.get(f"/import/{hand_in(owner).pk}/").content.decode()

        assert re.search(r'<noscript><p><a href="/import/\d+/">Look again</a>', html)

    def test_a_name_is_text_whatever_it_holds(self, owner):
        html = owner.get(f"/import/{take_in(owner, name='<script>alert(1)<.csv').pk}/").content.decode()

        assert "<script>alert" not in html and "&lt;script&gt;alert(1)&lt;.csv" in html

    @pytest.mark.parametrize("address", ["", "progress/", "errors.csv"])
    def test_an_import_that_is_not_there_is_not_found(self, owner, address):
        jobs.enqueue("night")

        answers = [owner.get(f"/import/{pk}/{address}").status_code for pk in (1, 999, 10**18, 10**30)]
        assert answers == [404] * 4

    def test_a_tab_open_since_yesterday_is_led_to_the_login(self, owner):
        upload = hand_in(owner)
        owner.logout()

        assert owner.get(f"/import/{upload.pk}/").url == f"/login/?next=/import/{upload.pk}/"
        assert post(owner).url == "/login/?next=/import/"
        assert owner.get(f"/import/{upload.pk}/progress/", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


class TestRefusal:
    def test_a_file_that_lacks_a_column_is_refused_in_words(self, owner):
        upload = take_in(owner, "name,amount\nEva,5\n", "people.csv")
        said = page_of(owner, upload)

        assert "Each order needs a customer, by an id or an e-mail; there is no column of that name" in said
        assert "Choose another file" in said and "Open Today" not in said
        assert Job.objects.get().state == "finished"
        assert (Order.objects.count(), Import.objects.count()) == (0, 0)

    def test_a_header_beyond_all_measure_is_refused_in_words(self, owner):
        assert "is 120000 characters long; the limit is 200." in page_of(owner, take_in(owner, f"{'x' * 120_000},date,amount\n1,2,3\n"))

    def test_a_header_of_ten_thousand_columns_is_refused_in_words(self, owner):
        assert "Each order needs a customer" in page_of(owner, take_in(owner, ",".join(f"c{n}" for n in range(10_000)) + "\n1\n"))

    def test_it_names_the_file_and_not_its_place_on_the_server(self, owner, tmp_path, monkeypatch):
        upload = hand_in(owner)
        uploads.path_of(upload).chmod(0)
        monkeypatch.setattr("crm.importing.encoding._scan", lambda *_: (_ for _ in ()).throw(PermissionError()))
        work()

        said = page_of(owner, upload)
        assert "“orders.csv” may not be read by this user." in said and str(tmp_path) not in said

    def test_one_that_did_not_go_through_may_be_tried_again(self, owner):
        upload = hand_in(owner)
        job = jobs.claim(upload.job_id, timezone.now())
        jobs.fail(job, timezone.now(), "Its worker died 3 times.")
        assert "Its worker died 3 times. Try this file again" in page_of(owner, upload)

        assert owner.post(f"/import/{upload.pk}/again/").url == f"/import/{upload.pk}/"
        work()
        assert "3 new orders" in page_of(owner, upload)

    def test_again_is_once_and_not_while_it_is_under_way(self, owner):
        upload = hand_in(owner)
        answer = owner.post(f"/import/{upload.pk}/again/", follow=True)
        assert "This import is under way already." in answer.content.decode()

        work()
        answer = owner.post(f"/import/{upload.pk}/again/", follow=True)
        assert "The file is not kept any more; hand it in again." in answer.content.decode()
        assert (Job.objects.filter(kind="import").count(), Import.objects.count()) == (1, 1)

    def test_a_file_that_went_missing_is_a_sentence(self, owner):
        upload = hand_in(owner)
        uploads.path_of(upload).unlink()
        work()

        assert "The file is not kept any more; hand it in again." in page_of(owner, upload)


class TestQuestion:
    def test_dates_that_read_two_ways_are_asked_about(self, owner):
        upload = take_in(owner, TWO_WAYS)
        said = page_of(owner, upload)

        assert "Nothing was taken in yet. The dates in the column “date” read two ways, like 03/04/2026." in said
        assert "The day: 3 April 2026" in said and "The month: 4 March 2026" in said and "--dates" not in said
        assert Order.objects.count() == 0

    @pytest.mark.parametrize(("answer", "days"), [("dmy", ["2025-04-03", "2025-06-05"]), ("mdy", ["2025-03-04", "2025-05-06"])])
    def test_the_answer_reads_the_same_file(self, owner, answer, days):
        upload = take_in(owner, TWO_WAYS)
        owner.post(f"/import/{upload.pk}/again/", {"answer": answer})
        work()

        assert [str(day) for day in Order.objects.order_by("ordered_on").values_list("ordered_on", flat=True)] == days
        assert "2 new orders" in page_of(owner, upload)

    def test_decimals_that_read_two_ways_are_asked_about_next(self, owner):
        upload = take_in(owner, 'customer_id,date,amount\nk1,03/04/2025,"1,234"\n')
        owner.post(f"/import/{upload.pk}/again/", {"answer": "dmy"})
        work()
        assert "The numbers in the column “amount” read two ways, like 1,234." in page_of(owner, upload)

        owner.post(f"/import/{upload.pk}/again/", {"answer": "comma"})
        work()
        assert [str(value) for value in Order.objects.values_list("amount", "ordered_on").get()] == ["1.23", "2025-04-03"]

    @pytest.mark.parametrize("answer", ["", "ymd", "comma", "remove", "'; DROP TABLE", "\0", "x" * 10_000])
    def test_no_answer_and_a_forged_one_change_nothing(self, owner, answer):
        upload = take_in(owner, TWO_WAYS)
        got = owner.post(f"/import/{upload.pk}/again/", {"answer": answer}, follow=True)

        assert "Choose one of the answers, then import again." in got.content.decode()
        assert Job.objects.filter(state="queued").count() == 0

    def test_a_question_whose_file_is_gone_says_so(self, owner):
        upload = take_in(owner, TWO_WAYS)
        uploads.path_of(upload).unlink()

        assert "The file was kept for seven days and is gone. Hand it in again" in page_of(owner, upload)


class TestErrors:
    def test_they_are_listed_by_row(self, owner):
        said = page_of(owner, take_in(owner, BAD))

        assert "1 new order 1 new customer 2 rows with errors" in said
        assert "2 datum “31.2.2025” is a date or a time that does not exist." in said
        assert "3 částka “=1+1” is not a number." in said

    def test_the_file_of_failed_rows_holds_them_as_they_were_and_why(self, owner):
        upload = take_in(owner, BAD)
        answer = owner.get(f"/import/{upload.pk}/errors.csv")
        content = b"".join(answer.streaming_content).decode("utf-8-sig")

        assert answer.headers["Content-Disposition"] == f'attachment; filename="import-{upload.pk}-errors.csv"'
        assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == ("text/csv; charset=utf-8", "nosniff")
        assert list(csv.reader(io.StringIO(content), delimiter=";")) == [
            ["Row", "Reason", "id zákazníka", "datum", "částka"],
            ["2", "“31.2.2025” is a date or a time that does not exist.", "k1", "31.2.2025", "10,50"],
            ["3", "“=1+1” is not a number.", "k2", "1.2.2025", "'=1+1"],
        ]

    def test_mended_it_is_taken_in_as_it_is(self, owner):
        upload = take_in(owner, BAD)
        content = b"".join(owner.get(f"/import/{upload.pk}/errors.csv").streaming_content).decode("utf-8-sig")
        mended = take_in(owner, content.replace(";31.2.", ";28.2.").replace(";'=1+1", ";2,00"), "mended.csv")

        assert "2 new orders 2 new customers" in page_of(owner, mended)
        assert Order.objects.count() == 3

    def test_after_a_week_the_reasons_are_left(self, owner):
        upload = take_in(owner, BAD)
        uploads.failed_rows_of(upload).unlink()
        answer = owner.get(f"/import/{upload.pk}/errors.csv")

        assert answer.content.decode().splitlines() == [
            "Row,Column,Reason",
            "2,datum,“31.2.2025” is a date or a time that does not exist.",
            "3,částka,“=1+1” is not a number.",
        ]

    def test_a_formula_in_a_name_of_a_column_is_no_formula_there(self, owner):
        record = Import(errors=[{"row": 2, "column": "=cmd()", "reason": "@x"}])

        assert intake.reasons_as_csv(record).splitlines()[1] == "2,'=cmd(),'@x"

    def test_of_many_the_first_hundred_are_shown(self, owner):
        rows = "".join(f"k{n},never,1\n" for n in range(1200))
        upload = take_in(owner, f"customer_id,date,amount\nk,2025-01-01,1\n{rows}")
        answer = owner.get(f"/import/{upload.pk}/")

        assert answer.content.decode().count("<tr>") == 101
        assert "1,200 rows with errors" in text_of(answer) and "The first 100 are shown here; the file lists up to 1,000." in text_of(
            answer
        )
        assert len(uploads.failed_rows_of(upload).read_text().splitlines()) == 1001

    def test_where_no_row_could_be_taken_that_is_said_first(self, owner):
        upload = take_in(owner, "customer_id,date,amount\nk1,never,1\n")
        said = page_of(owner, upload)

        assert "No row of the file could be taken; the record is as it was." in said
        assert "2 date “never” is not a date" in said and "Open Today" not in said and "new order" not in said
        assert intake.figures_wait() and not intake.Outcome.of(upload, timezone.now()).polls

    def test_scripts_in_a_cell_are_text(self, owner):
        upload = take_in(owner, "customer_id,date,<b>amount\nk1,2025-01-01,<script>alert(1)</script>\n".replace("<b>", ""))
        html = owner.get(f"/import/{upload.pk}/").content.decode()

        assert "<script>alert" not in html and "“&lt;script&gt;alert(1)&lt;/script&gt;” is not a number." in html

    def test_an_import_without_errors_has_no_file_of_them(self, owner):
        assert owner.get(f"/import/{take_in(owner).pk}/errors.csv").status_code == 404


class TestHistory:
    def test_the_last_imports_stand_there_with_what_they_brought(self, owner):
        take_in(owner)
        take_in(owner, BAD, "bad.csv", source="other")
        take_in(owner, TWO_WAYS, "dates.csv")
        hand_in(owner, name="waits.csv")
        take("customer_id,date,amount\nk9,2025-01-01,5\n", source="by command")

        said = text_of(owner.get("/import/")).partition("Imports ")[2]
        names = re.findall(r"(\w+\.csv) \d", said)
        assert names == ["waits.csv", "dates.csv", "bad.csv", "orders.csv", "orders.csv"]
        assert "Waits for your answer." in said and "3 orders taken in. 2 new customers." in said and "2 rows have errors." in said
        assert "Jana Horáková" in said and "Waiting for its turn." in said

    def test_those_of_the_command_have_no_page(self, owner):
        take(ORDERS)
        past = intake.last_imports(NOW)

        assert [(one.name, one.address, one.by, one.words) for one in past] == [
            ("orders.csv", "", "", "3 orders taken in. 2 new customers.")
        ]

    def test_there_are_at_most_twenty_in_a_few_queries(self, owner, django_assert_max_num_queries):
        user = User.objects.get()
        for number in range(25):
            upload = Upload.objects.create(
                token=str(number), file_name=f"{number}.csv", source="file", language="en", by=user, created_at=NOW
            )
            Import.objects.create(upload=upload, source="file", digest=str(number), state="finished", started_at=NOW, finished_at=NOW)

        with django_assert_max_num_queries(12):
            html = owner.get("/import/").content.decode()
        assert html.count('class="imp-name"') == 20
