"""The mini-app and its store: what the pages and the event handlers share."""

from yimen_sdk import MiniApp
from yimen_utilities.store import Store

app = MiniApp("yimen_utilities")
store = Store()
