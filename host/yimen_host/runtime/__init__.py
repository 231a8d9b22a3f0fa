"""Running mini-apps: supervisor, zygote, sandbox and gateway."""
