"""The guide when it is used: found in three clicks, narrowed by choices, whole without script."""

import pytest

from helpers.chromium import first_page, opened, tab
from repdyn.report.guide import every_question
from repdyn.toolkit.questions import GOALS, LEVELS, NETWORKS

IN_SIGHT = (
    "[...document.querySelectorAll('details.question')].filter((each) => each.checkVisibility()).map((each) => each.id)"
)


@pytest.fixture
def guide(report):
    return first_page(report, "guide.html")


def test_a_question_is_answered_within_three_clicks_of_the_first_page(browser, guide):
    with opened(browser, guide.parent / "index.html") as page:
        page.get_by_role("link", name="Which method for which question").first.click()
        page.get_by_role("link", name="Find what an answer depends on").click()
        page.get_by_text("What is a unit, a head or a layer worth to the answer?").click()
        assert page.get_by_text("repdyn.interventions.ablation.effects").is_visible()
        page.get_by_role("link", name="Interventions on units and directions").locator("visible=true").click()
        page.wait_for_url("**/toolkit/causes.html#interventions")


def test_choices_narrow_the_questions_and_stand_in_the_address(browser, guide):
    asked = {name: (question, tool) for name, tool, question in every_question()}
    with opened(browser, guide) as page:
        assert set(page.evaluate(IN_SIGHT)) == set(asked) and asked
        for chooser, options in (("goal", GOALS), ("level", LEVELS)):
            for option in options:
                page.select_option(f"[data-chooses={chooser}]", option)
                shown = page.evaluate(IN_SIGHT)
                assert set(shown) == {name for name, (each, _) in asked.items() if getattr(each, chooser) == option}
                assert page.locator("#questions-shown").inner_text() == f"{len(shown)} of {len(asked)} questions"
                assert f"{chooser}={option}" in page.url
                headings = page.locator("section[data-goal] h2").locator("visible=true").count()
                assert headings == len({asked[name][0].goal for name in shown})
            page.select_option(f"[data-chooses={chooser}]", "")
        sizes = {}
        for option in set(NETWORKS) - {"any"}:
            page.select_option("[data-chooses=networks]", option)
            sizes[option] = set(page.evaluate(IN_SIGHT))
        page.reload()
        assert set(page.evaluate(IN_SIGHT)) == sizes[option]
    general = sizes["cnn"] & sizes["transformer"] & sizes["recurrent"]
    assert "interventions-1" in general and "dynamical_systems-1" in sizes["recurrent"] - general
    assert "attribution-2" in sizes["cnn"] - general


def test_without_script_everything_can_be_read(browser, guide):
    with tab(browser, script=False) as page:
        page.goto(guide.as_uri())
        assert page.locator("details.question").locator("visible=true").count() == len(every_question())
        question = page.locator("#geometry-1")
        question.locator("summary").click()
        assert "Gaussian" in question.inner_text()


def test_a_question_that_is_linked_to_is_open(browser, guide):
    with tab(browser) as page:
        page.goto(f"{guide.as_uri()}#topology-1")
        assert page.locator("#topology-1").evaluate("(each) => each.open")
        recipe = page.locator("#recipe-heads")
        assert not recipe.evaluate("(each) => each.open")
        page.goto(f"{guide.as_uri()}#recipe-heads")
        assert "head 1 patched from the clean sequence: 0% of the answer" in recipe.inner_text()
