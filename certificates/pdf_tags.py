"""The tags of a PDF in fewer objects: the tree says what it said, without what only the typesetter needed.

A cell of a grid is a division around a block of text: here it is one paragraph. Empty cells, the looks of borders and the word that every
object is a structure element go. Marked-content numbers follow the pages, whose sequences are fewer (certificates/pdf_pages.py).
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from pikepdf import Array, Dictionary, Name, Object, Pdf

from certificates.pdf_pages import shortened

PageId = tuple[int, int]


def lighten_pages(document: Pdf) -> None:
    """Pages and tags together, because they number the same sequences. A document without tags stays as it is."""
    root = document.Root.get(Name.StructTreeRoot)
    if root is None:
        return
    elements = [element for top in root.K for element in _lightened(top)]
    numbers: dict[PageId, Mapping[int, int]] = {}
    for page in document.pages:
        mine = (element for element in elements if Name.Pg in element and _id(element.Pg) == _id(page.obj))
        done = shortened(page.Contents.read_bytes(), {number for element in mine for number in _following(element)})
        page.Contents = document.make_stream(done.content)
        numbers[_id(page.obj)] = done.numbers
    parents: dict[PageId, dict[int, Object]] = {page: {} for page in numbers}
    for element in elements:
        for place, number in _renumber(element, numbers):
            parents[place][number] = element
    entries = list(root.ParentTree.Nums)
    tree = dict(zip(map(int, entries[::2]), entries[1::2], strict=True))
    for page in document.pages:
        of_page = parents[_id(page.obj)]
        in_order = Array([of_page[number] for number in range(len(of_page))])
        tree[int(page.obj.StructParents)] = document.make_indirect(in_order)
    root.ParentTree.Nums = Array([part for entry in sorted(tree.items()) for part in entry])


def _id(page: Object) -> PageId:
    number, generation = page.objgen
    return number, generation


def _lightened(element: Object) -> Iterator[Object]:
    """The element and all that stay below it, each without what it can do without."""
    kids = [kid for kid in element.get(Name.K, []) if not _is_empty(kid)]
    if Name.Div == element.S and len(kids) == 1 and _is_block_of_text(kids[0]):
        element.S, element.Pg = Name.P, kids[0].Pg
        kids = list(kids[0].K)
    element.K = Array(kids)
    if Name.Type in element:
        del element.Type
    if Name.A in element:
        _keep_what_a_reader_uses(element)
    yield element
    for kid in kids:
        if _is_element(kid):
            yield from _lightened(kid)


def _is_element(kid: object) -> bool:
    return isinstance(kid, Dictionary) and Name.S in kid


def _is_empty(kid: Object | int) -> bool:
    return isinstance(kid, Dictionary) and kid.get(Name.S) == Name.Div and len(kid.K) == 0


def _is_block_of_text(kid: Object | int) -> bool:
    """A span that says nothing but where it stands."""
    own = {"/S", "/K", "/P", "/Pg", "/Type", "/A"}
    return isinstance(kid, Dictionary) and kid.get(Name.S) == Name.Span and set(kid.keys()) <= own


def _keep_what_a_reader_uses(element: Object) -> None:
    """Which heads a cell of a table has, and where a figure stands; not how thick its borders are."""
    kept = []
    for attributes in element.A if isinstance(element.A, Array) else [element.A]:
        if Name.Table == attributes.O:
            if len(attributes.get(Name.Headers, [1])) == 0:
                del attributes.Headers
            kept.append(attributes)
        elif Name.BBox in attributes:
            kept.append(Dictionary(O=attributes.O, BBox=Array([round(edge, 2) for edge in attributes.BBox])))
    if kept:
        element.A = kept[0] if len(kept) == 1 else Array(kept)
    else:
        del element.A


def _following(element: Object) -> Iterator[int]:
    """The sequences that carry on the one before them in the same element."""
    for one, other in pairwise(element.K):
        if isinstance(one, int) and isinstance(other, int) and other == one + 1:
            yield other


def _renumber(element: Object, numbers: Mapping[PageId, Mapping[int, int]]) -> Iterator[tuple[PageId, int]]:
    """Put the new numbers into the element; yields where each stands."""
    kids: list[Object | int] = []
    for kid in element.K:
        if isinstance(kid, int):
            place = _id(element.Pg)
            number = numbers[place][kid]
            if not (kids and kids[-1] == number):
                kids.append(number)
            yield place, number
        else:
            if Name.MCID in kid:
                place = _id(kid.Pg)
                kid.MCID = numbers[place][int(kid.MCID)]
                yield place, int(kid.MCID)
            kids.append(kid)
    element.K = Array(kids)
