"""Webhooks: a mini-app's publisher hears of its payments at an address of their own (Standard Webhooks 1.0.0)."""
