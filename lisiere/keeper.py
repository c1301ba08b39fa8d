"""`lisiere keeper`: the keeper's program under the front door's name; see `hardware.relay.keeper`."""

import sys

from hardware.relay import keeper


def command(arguments: list[str]) -> int:
    """Run the keeper until it is told to end."""
    sys.argv = ["lisiere keeper", *arguments]
    keeper.main()
    return 0
