"""Splits 分账: an order's amount divided among a mini-app's merchants, and a refund taken back from each of them."""
