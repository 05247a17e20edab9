"""For the tests of the import by the browser: hands a file in, lets the worker work, reads the page as a person does."""

import re
from html import unescape

from django.core.files.uploadedfile import SimpleUploadedFile

from config.worker import run_job
from crm.models import Job, Upload

ORDERS = "customer_id,date,amount\nk1,2025-01-15,100.50\nk2,2025-02-16,20\nk1,2025-03-17,30\n"
TWO_WAYS = "customer_id,date,amount\nk1,03/04/2025,100\nk2,05/06/2025,20\n"
BAD = "id zákazníka;datum;částka\nk1;31.2.2025;10,50\nk2;1.2.2025;=1+1\nk3;2.2.2025;7,00\n"


def post(client, content=ORDERS, name="orders.csv", **more):
    """The answer to the form."""
    content = content if isinstance(content, bytes) else content.encode()
    return client.post("/import/", {"file": SimpleUploadedFile(name, content)} | more)


def hand_in(client, content=ORDERS, name="orders.csv", **more) -> Upload:
    answer = post(client, content, name, **more)
    assert answer.status_code == 302, text_of(answer)
    return Upload.objects.get(pk=re.fullmatch(r"/import/(\d+)/", answer.url)[1])


def work() -> None:
    """Does what waits, in its order."""
    for pk in Job.objects.filter(state="queued").order_by("pk").values_list("pk", flat=True):
        run_job(pk)


def take_in(client, content=ORDERS, name="orders.csv", **more) -> Upload:
    upload = hand_in(client, content, name, **more)
    work()
    upload.refresh_from_db()
    return upload


def text_of(answer) -> str:
    """What stands on the page, or in the part of one."""
    html = answer.content.decode()
    main = re.search(r"<main.*?</main>", html, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0] if main else html)).split())


def page_of(client, upload: Upload) -> str:
    return text_of(client.get(f"/import/{upload.pk}/"))
