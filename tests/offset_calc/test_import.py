"""The library stands alone: nothing but the standard library is needed to import and to calculate."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys
before = set(sys.modules)
import offset_calc
from offset_calc import event
raw = json.load(open(sys.argv[1], encoding="utf-8"))
total = event.calculate(event.read_inputs(raw)).total.value
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print(json.dumps({"total": total, "foreign": sorted(loaded - set(sys.stdlib_module_names) - {"offset_calc"})}))
"""


def test_only_the_standard_library_is_loaded():
    root = Path(__file__).parents[2]
    example = root / "offset_calc" / "examples" / "sapporo_conference.json"
    done = subprocess.run(
        [sys.executable, "-S", "-c", SCRIPT, str(example)], cwd=root, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"total": 6_068_701, "foreign": []}
