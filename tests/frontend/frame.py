"""What must hold for the HTML of every page, whatever it shows."""

import httpx
from lxml import html

# Links of the style page that show a link and lead nowhere.
SAMPLES = {"type", "forms"}


def check_frame(answer: httpx.Response) -> html.HtmlElement:
    """Nothing inline that the policy forbids, ids that are unique, references that lead somewhere, one heading of the page."""
    page = html.fromstring(answer.content)
    assert page.xpath("//script[not(@src)] | //style | //*[@style]") == []
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    described = [word for value in page.xpath("//@aria-describedby") for word in value.split()]
    fragments = [link[1:] for link in page.xpath("//a/@href") if link.startswith("#") and len(link) > 1]
    wanted = {*page.xpath("//@for"), *page.xpath("//input/@list"), *described, *fragments}
    assert wanted - set(ids) <= SAMPLES
    assert len(page.xpath("//h1")) == 1
    assert page.findtext(".//title").strip().removesuffix("]")
    assert page.xpath("//meta[@name='description']/@content")[0].strip()
    return page
