"""`ashiato keys seal` makes the file before there are any settings, and puts each new key first."""

from api.cli import main
from marketplace.accounts.sealing import SealKeys


class TestTheCommand:
    def test_starts_a_file_and_adds_to_it(self, tmp_path, capsys):
        file = tmp_path / "seal-keys.txt"
        assert main(["keys", "seal", "--file", str(file)]) == 0
        first = SealKeys.from_text(file.read_text()).newest
        assert main(["keys", "seal", "--file", str(file)]) == 0
        keys = SealKeys.from_text(file.read_text())
        assert len(keys.keys) == 2
        assert keys.newest != first
        assert keys.newest in capsys.readouterr().out
