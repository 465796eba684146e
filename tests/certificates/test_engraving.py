import re
from itertools import pairwise

from certificates.engraving import closed_path, in_cubics, open_path
from certificates.mark import mark_lines
from tests.certificates.builders import fixed_hash

NUMBERS = re.compile(r"-?\d+")


def quadratics(path: str) -> list[tuple[int, ...]]:
    """Joint, guide and joint of every curve, as the SVG recommendation reads M, q and t."""
    curves = []
    for start, first, rest in re.findall(r"M([^q]+)q([^tzM]+)(?:t([^zM]+))?", path):
        x, y = map(int, NUMBERS.findall(start))
        gx, gy, *steps = map(int, NUMBERS.findall(first) + NUMBERS.findall(rest))
        guide = (x + gx, y + gy)
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            curves.append((x, y, *guide, x + dx, y + dy))
            guide, x, y = (2 * (x + dx) - guide[0], 2 * (y + dy) - guide[1]), x + dx, y + dy
    return curves


def cubics(path: str) -> list[tuple[int, ...]]:
    curves = []
    for start, rest in re.findall(r"M([^C]+)C([^zM]+)", path):
        joint, numbers = tuple(map(int, start.split())), list(map(int, rest.split()))
        for place in range(0, len(numbers), 6):
            curves.append((*joint, *numbers[place : place + 6]))
            joint = tuple(numbers[place + 4 : place + 6])
    return curves


def along(curve: tuple[int, ...], t: float) -> tuple[float, float]:
    """A point of a Bézier curve of any degree, by de Casteljau."""
    points = [(float(x), float(y)) for x, y in zip(curve[::2], curve[1::2], strict=True)]
    while len(points) > 1:
        points = [((1 - t) * x + t * xb, (1 - t) * y + t * yb) for (x, y), (xb, yb) in pairwise(points)]
    return points[0]


class TestCubics:
    def test_run_at_most_a_unit_and_a_half_beside_the_curves_whose_place_they_take(self) -> None:
        for label in ("a", "b"):
            for path in re.findall(r' d="([^"]+)"', mark_lines(fixed_hash(label))):
                left = quadratics(path)
                for cubic in cubics(in_cubics(path)):
                    count = 1 if left[0][4:] == cubic[6:] else 2
                    replaced, left = left[:count], left[count:]
                    assert (replaced[0][:2], replaced[-1][4:]) == (cubic[:2], cubic[6:])
                    for eighth in range(9):
                        place = min(eighth * count // 8, count - 1)
                        x, y = along(replaced[place], eighth * count / 8 - place)
                        xc, yc = along(cubic, eighth / 8)
                        assert max(abs(x - xc), abs(y - yc)) <= 1.5
                assert left == []

    def test_are_little_more_than_half_as_many(self) -> None:
        paths = re.findall(r' d="([^"]+)"', mark_lines(fixed_hash("a")))
        before, after = (
            sum(len(read) for read in map(count, paths)) for count in (quadratics, lambda p: cubics(in_cubics(p)))
        )
        assert after < before * 0.65

    def test_stay_open_or_closed(self) -> None:
        guides = [(0, 0), (10, 20), (-30, 40)]
        assert in_cubics(closed_path(guides)).count("z") == 1
        assert "z" not in in_cubics(open_path(guides))
