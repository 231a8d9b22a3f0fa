"""The demo's merchant: written down by its publisher and approved by an admin, as every merchant is. Only in a demo."""

from yimen_host.payments.merchants.register import Register, mark

POWER = {
    "legal_name": "贵州电网有限责任公司（演示）",
    "credit_code": "91520000DEM00000XR",
    "bank": "沙箱银行",
    "account": "6222020200520100",
}
TERMS = {
    "kind": "utilities",
    "regions": "520000",
    "fee_bp": "30",
    "reserve_bp": "500",
    "reserve_days": "7",
    "settle_days": "1",
}


async def approve_demo_merchant(register: Register, app_id: str, *, publisher: str, admin: str) -> None:
    """Let a mini-app be paid, unless its merchant was written down before."""
    if await register.find(app_id) is not None:
        return
    row = await register.apply(app_id, POWER, by=publisher)
    await register.approve(app_id, TERMS, by=admin, publishers={publisher}, seen=mark(row))
