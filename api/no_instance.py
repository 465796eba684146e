"""What a command says of a folder without an instance; apart, so that commands which need no settings start without them."""

from pathlib import Path


class NoInstance(Exception):
    """There is no embedded instance in the folder that was named."""

    code = "no_instance"

    def __init__(self, data: Path) -> None:
        super().__init__(f"{data} holds no instance; `ashiato serve --data {data}` makes one there")
