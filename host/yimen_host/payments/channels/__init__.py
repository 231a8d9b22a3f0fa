"""Payment channels 支付渠道: how money comes in and goes back. A channel returns facts; the core acts on them."""
