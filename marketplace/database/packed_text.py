"""A column of text whose rows say much the same: deflated against the words that most of them have.

Each row is a few hundred bytes, too few for the database to compress by itself and too few to be compressed alone. What most rows
share is therefore given beforehand, as zlib's dictionary. Rows from before are read as they stand. SQL cannot look inside.
"""

import zlib
from base64 import b64decode, b64encode
from typing import Any

from tortoise import fields

_MARK = "1~"
_RAW_DEFLATE = -15
# far above any such text, so that a broken row cannot fill the memory
_MOST_BYTES = 1_000_000


class PackedText(fields.TextField):
    """`words` is never changed: every packed row needs it, byte for byte. What the rows have most in common stands at its end.

    A text that would not get shorter is stored as it is.
    """

    skip_to_python_if_native = False

    def __init__(self, words: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._words = words.encode()

    def to_db_value(self, value: Any, instance: Any) -> Any:
        text = super().to_db_value(value, instance)
        return text if text is None else self._packed(text)

    def to_python_value(self, value: Any) -> Any:
        """A row that cannot be unpacked is read as it stands, and nothing takes it for what it was: whoever looks for broken rows
        can name it."""
        text = super().to_python_value(value)
        return self._unpacked(text) if text is not None and text.startswith(_MARK) else text

    def _packed(self, text: str) -> str:
        packer = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE, zdict=self._words)
        data = packer.compress(text.encode()) + packer.flush()
        stored = _MARK + b64encode(data).decode()
        return stored if len(stored) < len(text.encode()) or text.startswith(_MARK) else text

    def _unpacked(self, stored: str) -> str:
        unpacker = zlib.decompressobj(_RAW_DEFLATE, zdict=self._words)
        try:
            data = unpacker.decompress(b64decode(stored.removeprefix(_MARK), validate=True), _MOST_BYTES)
            return data.decode() if unpacker.eof and not unpacker.unused_data else stored
        except (ValueError, zlib.error):
            return stored
