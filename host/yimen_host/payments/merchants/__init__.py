"""Merchants 商户: who is paid for a mini-app's orders, reviewed by an admin before any money leaves."""
