"""``python -m yimen_host.cli`` is ``yimen-host``."""

from yimen_host.cli import main

main()
