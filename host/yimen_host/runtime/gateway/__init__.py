"""The gateway: every request from a browser to a mini-app passes here, and every answer back."""
