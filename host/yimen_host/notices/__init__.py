"""Notices 通知: what the platform and the mini-apps tell a resident."""
