"""Mini-apps: whose each name is, and whether it is switched off."""
