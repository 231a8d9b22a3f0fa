"""Mandates 代办授权: a resident lets another do one service's errands in their name, within caps, until a day."""
