import re

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


class TestCubics:
    def test_run_through_the_same_joints_with_guides_at_most_half_a_unit_beside(self) -> None:
        for label in ("a", "b"):
            for path in re.findall(r' d="([^"]+)"', mark_lines(fixed_hash(label))):
                before, after = quadratics(path), cubics(in_cubics(path))
                assert len(before) == len(after) > 0
                for (x, y, gx, gy, xb, yb), (cx, cy, *guides, dx, dy) in zip(before, after, strict=True):
                    assert (x, y, xb, yb) == (cx, cy, dx, dy)
                    exact = (x + 2 * gx, y + 2 * gy, xb + 2 * gx, yb + 2 * gy)
                    assert all(abs(3 * guide - thrice) <= 1 for guide, thrice in zip(guides, exact, strict=True))

    def test_stay_open_or_closed(self) -> None:
        guides = [(0, 0), (10, 20), (-30, 40)]
        assert in_cubics(closed_path(guides)).count("z") == 1
        assert "z" not in in_cubics(open_path(guides))
