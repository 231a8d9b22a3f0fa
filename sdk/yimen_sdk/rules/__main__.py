"""`python -m yimen_sdk.rules TREE`: checks an unpacked wheel and writes the report as JSON. What the registry runs."""

import sys
from pathlib import Path

from yimen_sdk.rules import check, from_tree


def main() -> None:
    """Check the tree named by the first argument."""
    sys.stdout.write(check(from_tree(Path(sys.argv[1]))).model_dump_json())


if __name__ == "__main__":
    main()
