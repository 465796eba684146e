"""Whether a thumb finds what is to be pressed: 44 CSS pixels high on a phone."""

from playwright.sync_api import Page

SMALLEST = 44
# A link within a sentence is as high as its line (WCAG 2.5.8 leaves it alone); a box counts with the label beside it.
_TOO_SMALL = """smallest => [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
  .filter((element) => {
    if (element.closest(".visually-hidden, .trap, .skip") || !element.checkVisibility()) return false;
    const box = element.matches("[type=radio], [type=checkbox]") ? element.closest(".choice, .offer") ?? element : element;
    if (box.getBoundingClientRect().height > smallest - 0.5) return false;
    const around = element.parentElement.textContent.replace(/\\s/g, "").length - element.textContent.replace(/\\s/g, "").length;
    return !(element.matches("a") && getComputedStyle(element).display === "inline" && around > 3);
  })
  .map((element) => element.outerHTML.slice(0, 120))"""


def too_small(page: Page) -> list[str]:
    """What is to be pressed on the page, and too small for a thumb."""
    return list(page.evaluate(_TOO_SMALL, SMALLEST))
