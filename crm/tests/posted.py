"""What a browser posts from a builder as it is printed."""

from html.parser import HTMLParser

from django.http import QueryDict


class Controls(HTMLParser):
    """Gathers the names and values of the controls, as a form that is sent holds them; of the buttons none is pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.select, self.area = QueryDict(mutable=True), None, None
        self.chosen = self.first = None

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if tag == "input" and said.get("name") and (said.get("type") not in {"radio", "checkbox"} or "checked" in said):
            self.sent.appendlist(said["name"], said.get("value") or "")
        if tag == "select":
            self.select, self.chosen, self.first = said["name"], None, None
        if tag == "option" and self.select:
            value = said.get("value") or ""
            self.first = value if self.first is None else self.first
            self.chosen = value if "selected" in said else self.chosen
        if tag == "textarea":
            self.area = said["name"]

    def handle_data(self, data):
        if self.area:
            self.sent[self.area] = self.sent.get(self.area, "") + data

    def handle_endtag(self, tag):
        if tag == "select" and self.select:
            self.sent.appendlist(self.select, (self.first or "") if self.chosen is None else self.chosen)
            self.select = None
        if tag == "textarea":
            self.area = None


def posted_by(html: str) -> QueryDict:
    reader = Controls()
    reader.feed(html)
    return reader.sent
