"""What tests ask of a page: its tables, images, links and words."""

import re
from html.parser import HTMLParser
from io import BytesIO

from PIL import Image

from repdyn.report.html import Picture, picture


def webp(colour: str = "white") -> Picture:
    stream = BytesIO()
    Image.new("RGB", (30, 20), colour).save(stream, "WEBP")
    return picture(stream.getvalue())


class Reader(HTMLParser):
    """Collects what the tests ask of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.images, self.ids, self.links, self.loads, self.tables, self.text = [], [], [], [], {}, []
        self.regions: list[str] = []
        self.rows = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if attributes.get("role") == "region":
            self.regions.append(attributes["aria-label"])
        if tag == "a":
            self.links.append(attributes["href"])
        self.loads += [attributes[name] for name in ("src", "srcset", "data", "poster") if attributes.get(name)]
        if tag == "link":
            self.loads.append(attributes["href"])
        if tag == "img":
            self.images.append(attributes)
        if tag == "table":
            self.rows = self.tables.setdefault(attributes["id"], [])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append({"text": "", "key": attributes.get("data-key"), "tag": tag})

    def handle_endtag(self, tag):
        if tag == "table":
            self.rows = None

    def handle_data(self, data):
        self.text.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1]["text"] += data.strip()

    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))
