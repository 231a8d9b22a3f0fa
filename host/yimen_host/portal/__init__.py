"""What a resident sees first: the home page, the shell around a mini-app, and consent."""
