"""Releases 版本: which approved version serves whom."""
