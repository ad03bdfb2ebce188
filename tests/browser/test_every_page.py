"""The index, the guide, pages of the toolkit and of runs in Chromium: quiet, whole, readable anywhere, usable by keys."""

from base64 import b64decode
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from helpers.chromium import axe, first_page, opened, tab
from helpers.html_reader import Reader

MEGABYTES = 15
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


WITHOUT_FIGURES = ("guide.html", "toolkit.html")
RUNS = ("runs/mlp_*.html", "runs/cnn_*.html", "runs/transformer_*.html")


@pytest.fixture(params=["index.html", "guide.html", "toolkit.html", "toolkit/causes.html", *RUNS])
def path(request, report):
    """The index, the guide, the toolkit's contents, a page of it, or the first run page of a family."""
    return first_page(report, request.param)


def test_the_page_says_nothing_on_the_console_and_asks_for_nothing_but_itself(browser, path):
    said, asked, failed = [], [], []
    with tab(browser) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto(path.as_uri())
        page.evaluate(OPEN_ALL)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("networkidle")
    assert said == [] and failed == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


def test_the_policy_lets_nothing_else_in_and_the_page_keeps_its_style(browser, path, report):
    with tab(browser) as page:
        page.goto(path.as_uri())
        done = page.evaluate(
            """async (picture) => {
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
                const fetched = await fetch("data:text/plain,x").then(() => true, () => false);
                const image = new Image();
                const shown = await new Promise((resolve) => {
                    image.onload = () => resolve(true);
                    image.onerror = () => resolve(false);
                    image.src = picture;
                });
                return [window.ran === true, fetched, shown];
            }""",
            next(report.parent.glob("figures/*.webp")).as_uri(),
        )
        widths = page.evaluate(
            """[...document.querySelectorAll(".picture img")].map((each) => [
                each.className, getComputedStyle(each).maxWidth])"""
        )
        chips = page.evaluate(
            "[...document.querySelectorAll('.chip')].map((each) => getComputedStyle(each).backgroundColor)"
        )
    assert done == [False, False, False]
    assert (widths or path.name in WITHOUT_FIGURES) and all(
        name == f"w{limit.removesuffix('px')}" for name, limit in widths
    )
    assert all(colour.startswith("rgb(") for colour in chips)


@pytest.mark.parametrize("width", [380, 768, 1280])
def test_nothing_makes_the_page_scroll_sideways(browser, path, width):
    with opened(browser, path, width=width) as page:
        page.evaluate(OPEN_ALL)
        scroll = page.evaluate("document.documentElement.scrollWidth")
        wide = page.evaluate(
            """(width) => [...document.body.querySelectorAll("*")]
                .filter((each) => each.getBoundingClientRect().right > width + 1)
                .filter((each) => !each.parentElement.closest(".scroll, .picture"))
                .map((each) => each.outerHTML.slice(0, 80))""",
            width,
        )
    assert scroll <= width, f"{scroll} px wide because of {wide[:3]}"


IMAGES = """[...document.images].map((each) => ({
    alt: each.alt.trim(), loading: each.loading, complete: each.complete, top: each.getBoundingClientRect().top,
    natural: [each.naturalWidth, each.naturalHeight],
    stated: [Number(each.getAttribute("width")), Number(each.getAttribute("height"))],
}))"""


def test_every_figure_has_an_image_with_words_that_comes_when_it_is_scrolled_to(browser, path):
    with opened(browser, path) as page:
        # Before what is folded opens and moves them.
        far = page.evaluate(f"{IMAGES}.filter((image) => image.top > 5000 && image.complete).length")
        assert far == 0, "images far below are loaded before anybody scrolls to them"
        page.evaluate(OPEN_ALL)
        height = page.evaluate("document.documentElement.scrollHeight")
        for image in page.query_selector_all("img"):
            image.scroll_into_view_if_needed()
            page.wait_for_function("(image) => image.complete", arg=image, timeout=10_000)
        images = page.evaluate(IMAGES)
        figures = page.eval_on_selector_all(
            "figure", "(all) => all.map((each) => each.querySelectorAll('img[alt], svg[aria-label]').length)"
        )
        assert page.evaluate("document.documentElement.scrollHeight") == height, "images move the text when they come"
    assert (images or path.name in WITHOUT_FIGURES) and figures == [1] * len(figures)
    assert all(image["loading"] == "lazy" for image in images)
    assert all(min(image["natural"]) > 0 and image["natural"] == image["stated"] for image in images)
    words = [image["alt"] for image in images]
    assert all(len(alt) > 10 for alt in words) and len(set(words)) == len(words)


def test_the_first_paint_is_quick(browser, path):
    script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    times = []
    for _ in range(3):
        with opened(browser, path) as page:
            page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
            times.append(page.evaluate(script))
        if times[-1] < 1000:
            break
    assert min(times) < 1000, f"first paint after {times} ms"


# What Tab must reach, in the order of the page.
STOPS = """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((each) => each.checkVisibility())"""
FOCUS = """(active) => {
    const box = active.getBoundingClientRect(), style = getComputedStyle(active);
    return {
        name: active.outerHTML.slice(0, 80),
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        inside: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    };
}"""

# Boxes that scroll sideways and that Tab does not stop at.
SIDEWAYS = """[...document.querySelectorAll("body *")].filter((each) => each.checkVisibility() && each.tabIndex < 0
    && each.clientWidth > 1 && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== "visible")
    .map((each) => each.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("width", [380, 1280])
def test_tab_reaches_everything_in_order_and_shows_where_it_is(browser, path, width):
    with opened(browser, path, width=width) as page:
        stops = page.evaluate(f"{STOPS}.length")
        assert stops > 5
        for expected in range(stops):
            page.keyboard.press("Tab")
            focus = page.evaluate(f"({FOCUS})(document.activeElement)")
            reached = page.evaluate(f"{STOPS}.indexOf(document.activeElement)")
            assert reached == expected, f"Tab came to {focus['name']}, which is stop {reached}, not {expected}"
            assert focus["ring"] and focus["inside"], f"focus cannot be seen on {focus['name']}"
        sideways = page.evaluate(SIDEWAYS)
    assert sideways == [], "boxes that the keyboard cannot scroll"


def test_the_skip_link_leads_past_the_navigation(browser, path):
    with opened(browser, path) as page:
        assert page.locator(".skip").bounding_box()["x"] < 0
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('.skip')")
        assert page.locator(".skip").bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#content"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


# Ratios after WCAG 2.2, "contrast ratio"; the canvas blends what is not opaque, as the browser does.
CONTRASTS = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const known = new Map();
    const luminance = (layers) => {
        const key = layers.join("|");
        if (!known.has(key)) {
            for (const colour of ["#fff", ...layers]) {
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
            }
            const parts = [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((part) => part / 255)
                .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            known.set(key, 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]);
        }
        return known.get(key);
    };
    const behind = (element) => element === null ? []
        : [...behind(element.parentElement), getComputedStyle(element).backgroundColor];
    const ratio = (colour, layers) => {
        const [low, high] = [luminance(layers), luminance([...layers, colour])].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const written = [...document.body.querySelectorAll("*")].filter((each) => each.checkVisibility()
        && (each.matches("input, select") || [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())));
    return {
        page: luminance(behind(document.body)),
        ring: ratio(getComputedStyle(document.documentElement).getPropertyValue("--focus"), behind(document.body)),
        text: written.map((each) => [each.tagName.toLowerCase(), ratio(getComputedStyle(each).color, behind(each)),
            each.outerHTML.slice(0, 80)]),
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(browser, path, scheme):
    with opened(browser, path, scheme=scheme) as page:
        page.evaluate(OPEN_ALL)
        contrasts = page.evaluate(CONTRASTS)
    assert contrasts["page"] < 0.05 if scheme == "dark" else contrasts["page"] > 0.8
    tags = {"p", "a"} | ({"dd"} if path.name in WITHOUT_FIGURES else {"figcaption"})
    tags |= {"summary"} if path.name == "guide.html" else {"td", "th"}
    assert tags <= {tag for tag, _, _ in contrasts["text"]}
    assert [(name, ratio) for _, ratio, name in contrasts["text"] if ratio < 4.5] == []
    assert contrasts["ring"] >= 3


# What axe finds, with the first places of each. On the index, which has thousands of cells, contrasts would take it a minute
# each time, and the test of contrasts measures every text.
VIOLATIONS = """async (contrast) => (await axe.run(document, {
    resultTypes: ["violations"], rules: {"color-contrast": {enabled: contrast}},
})).violations
    .map((rule) => [rule.id, rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 100))])"""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_axe_finds_no_violation(browser, path, scheme, width):
    script = axe()
    with opened(browser, path, scheme=scheme, width=width) as page:
        page.evaluate(OPEN_ALL)
        page.evaluate(script)
        assert page.evaluate(VIOLATIONS, path.name != "index.html") == []


@cache
def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def broken(path: Path, link: str) -> bool:
    """Whether a link leads nowhere; other sites are not asked."""
    parts = urlsplit(link)
    if parts.scheme in ("http", "https"):
        return not parts.netloc
    if parts.scheme == "data":
        return not b64decode(parts.path.partition(";base64,")[2])
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if parts.scheme or not target.is_file():
        return True
    return bool(parts.fragment) and unquote(parts.fragment) not in read(target).ids


def test_every_link_of_every_page_leads_somewhere(report):
    pages = [report / "index.html", *sorted(report.glob("runs/*.html"))]
    toolkit = [*report.glob("toolkit.html"), *report.glob("guide.html"), *sorted(report.glob("toolkit/*.html"))]
    assert len(pages) > 1
    for path in [*pages, *toolkit]:
        page = read(path)
        assert [link for link in page.links if broken(path, link)] == [], path
        assert len(set(page.ids)) == len(page.ids), path
        assert len(set(page.regions)) == len(page.regions), path
    linked = {(report / link).resolve() for link in read(pages[0]).links if link.startswith("runs/")}
    assert linked == set(pages[1:])
    reached = {(report / link.partition("#")[0]).resolve() for each in toolkit[:1] for link in read(each).links}
    assert reached >= set(toolkit[1:])


def test_the_pages_are_small_enough_to_open(report):
    runs = list(report.glob("runs/*.html"))
    index = [path for path in report.rglob("*") if path.is_file() and path not in runs]
    limit = MEGABYTES * 2**20
    assert 0 < sum(path.stat().st_size for path in index) <= limit
    assert all(path.stat().st_size <= limit for path in runs)
